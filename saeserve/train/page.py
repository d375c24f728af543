"""The report of one trained SAE as a single HTML file: no scripts, nothing fetched, light and dark, down to a phone."""

from html import escape
from typing import Any

from saeserve.train.charts import bars, points

STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#596273;--paper:#fff;--line:#d9dee6;--fill:#2f6fb3;--kept:#b3541e}
@media (prefers-color-scheme:dark){
:root{--ink:#e6e9ef;--soft:#a3acba;--paper:#14181f;--line:#343c49;--fill:#79aee6;--kept:#f0a273}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:46rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);
background:var(--paper)}
h1{font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}h2{font-size:1.15rem;margin-top:2rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem;padding:0;margin:1rem 0}
.figures div{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .75rem}
.figures dt{font-size:.85rem;color:var(--soft)}.figures dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.number,th.number{text-align:right}tr.kept{font-weight:600}
svg{width:100%;min-width:32rem;height:auto;display:block}svg text{font:12px system-ui,sans-serif;fill:var(--soft)}
.bar,.dot{fill:var(--fill)}.kept.dot{fill:var(--kept)}.axis{stroke:var(--soft)}.grid{stroke:var(--line)}
.note{color:var(--soft);font-size:.9rem}code{overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);border-radius:.5rem;padding:.75rem}
"""


def page(report: dict[str, Any]) -> str:
    """HTML; every figure is one of the report's."""
    card = report["card"]
    title = f"{card['architecture']} SAE on {card['model']['name']}, {card['hook_point']}"
    sections = [
        f"<h1>{escape(title)}</h1>",
        _summary(report),
        _density(report["density"], card),
        _concepts(report["distinctness"], report["minimum_activation"]),
        _interpretability(report["interpretability"]),
        _sweep(report["sweep"]),
        _cost(report["cost"]),
        f"<h2>How it was made</h2>{_made(card)}<pre>{escape(card['command'])}</pre>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{''.join(sections)}</main></body></html>\n"
    )


def _summary(report: dict[str, Any]) -> str:
    card, held = report["card"], report["card"]["held_out"]
    figures = [
        ("variance explained", f"{held['fve']:.1%}"),
        ("firing latents a token", f"{held['l0']:g}"),
        ("dead latents", f"{held['dead_latents']:,} of {card['width']:,}"),
        ("rise of cross-entropy", f"{held['ce_rise']:+.4f} nats" if "ce_rise" in held else "undefined for an encoder"),
    ]
    boxes = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures)
    words = (
        f"Measured on {held['tokens']:,} tokens of {held['documents']:,} held-out documents, with the stored weights."
    )
    if "ce" in held:
        words += (
            f" Cross-entropy of the next token on {held['ce_tokens']:,} of them: {held['ce']} nats; "
            f"{held['ce_with_sae']} with the SAE spliced in (standard error of the rise "
            f"{held['ce_rise_error']}); {held['ce_with_mean']} with the mean activation in its "
            "place."
        )
    return f'<dl class="figures">{boxes}</dl><p class="note">{words}</p>'


def _density(density: dict[str, Any], card: dict[str, Any]) -> str:
    tokens = card["held_out"]["tokens"]
    words = f"{density['dead']:,} latents fire on none of the {tokens:,} held-out tokens and are not drawn"
    if density["median"] is not None:
        words += f"; the median of the others fires on a share of {density['median']:g}"
    words += f". {density['above_tenth']:,} fire on more than a tenth of all tokens."
    plot = bars(
        density["edges"],
        density["latents"],
        across="share of tokens on which a latent fires",
        up="latents",
        title=f"Histogram of feature density. {words}",
    )
    return f'<h2>Feature density</h2><div class=wide>{plot}</div><p class="note">{words}</p>'


def _concepts(distinct: dict[str, Any], minimum: dict[str, Any]) -> str:
    return (
        "<h2>Concepts</h2><ul>"
        f"<li>{distinct['near_duplicate_share']:.1%} of the {distinct['live_latents']:,} live latents "
        f"({distinct['near_duplicates']:,}) have another one whose decoder direction has a cosine above "
        f"{distinct['near_duplicate_above']:g} with theirs.</li>"
        f"<li>{distinct['sharing_share']:.1%} of the {distinct['with_top_tokens']:,} latents that fire on at least "
        f"{distinct['top_tokens']} different tokens of the vocabulary share their top {distinct['top_tokens']} (most "
        f"summed activation) with another one ({distinct['sharing_top_tokens']:,}).</li>"
        f"<li>{minimum['share']:.1%} of all latents ({minimum['latents']:,}) fire in {minimum['documents_needed']} or "
        f"more of the {minimum['documents']:,} training documents: a lower bound, since tokens whose document is "
        "uncertain in the cache are not counted.</li></ul>"
    )


def _interpretability(score: dict[str, Any]) -> str:
    if "reason" in score:
        return f"<h2>Automatic interpretability score</h2><p>Not computed: {escape(score['reason'])}</p>"
    return (
        "<h2>Automatic interpretability score</h2>"
        f"<p><strong>{score['auc']:.3f}</strong> (95 % interval {score['low']:.3f} to {score['high']:.3f}; 0.5 is "
        f"chance) on {score['latents']:,} latents drawn from the {score['eligible']:,} with enough held-out "
        "documents.</p>"
        f'<p class="note">Chance that the embedding of a held-out snippet on which a latent fires most lies nearer to '
        f"{score['snippets']} other such snippets than that of a random one ({escape(score['scorer'])}; "
        f"{score['context_characters']} characters either side of the peak). It rewards likeness of topic, passes over "
        "form and grammar, and replaces no rating by people.</p>"
    )


def _sweep(sweep: dict[str, Any] | None) -> str:
    if sweep is None:
        return ""
    found = sweep["candidates"]
    head = "".join(
        f'<th class="number">{name}</th>'
        for name in ("epochs", "FVE", "L0", "dead", "CE rise, nats", "± s.e.", "seconds")
    )
    rows = "".join(
        f"<tr{' class=kept' if one['kept'] else ''}><td>{escape(one['recipe'])}{' (kept)' if one['kept'] else ''}</td>"
        + "".join(
            f'<td class="number">{_shown(one[name])}</td>'
            for name in ("epochs", "fve", "l0", "dead", "ce_rise", "ce_rise_error", "seconds")
        )
        + "</tr>"
        for one in found
    )
    plot = points(
        [(one["l0"], 1 - one["fve"], one["recipe"], one["kept"]) for one in found],
        across="firing latents a token (L0)",
        up="variance not explained",
        title="Each tried SAE by L0 and by the share of variance that it leaves unexplained.",
    )
    return (
        f"<h2>What was tried</h2><p>{escape(sweep['criterion'])}</p><div class=wide><table><thead><tr><th>recipe</th>"
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div><div class=wide>{plot}</div>"
        f'<p class="note">Each on {found[0]["tokens"]:,} tokens, '
        "measured on the same held-out documents.</p>"
    )


def _cost(cost: dict[str, Any]) -> str:
    return (
        f"<h2>Energy, carbon dioxide, cost</h2><p>{cost['kwh']:g} kWh, {cost['co2_grams']:g} g CO<sub>2</sub>e, "
        f"{cost['money']:g} in the currency of the price: an estimate.</p><ul class=note>"
        f"<li>time: {cost['seconds']:,} s measured, activations, everything tried and training</li>"
        f"<li>power: {cost['watts']:g} W ({escape(cost['watts_source'])})</li>"
        f"<li>grid: {cost['grid']:g} g CO<sub>2</sub>e a kWh ({escape(cost['grid_source'])})</li>"
        f"<li>price: {cost['price']:g} a kWh ({escape(cost['price_source'])})</li></ul>"
    )


def _made(card: dict[str, Any]) -> str:
    training, data = card["training"], card["data"]
    rows = [
        ("language model", f"{card['model']['name']}, run in {card['model']['dtype']}"),
        (
            "recipe",
            f"{training['recipe']}; Adam {training['learning_rate']}, batch {training['batch']:,}, "
            f"seed {training['seed']}",
        ),
        ("tokens", f"{training['tokens']:,} of {training['documents']:,} documents, {training['epochs']} epochs"),
        ("data", data["note"] or data["file"]),
        ("weights", f"{card['stored']}; sha256 {card['weights_sha256'][:16]}…"),
    ]
    if card["remark"]:
        rows.append(("remark", card["remark"]))
    body = "".join(f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<div class=wide><table>{body}</table></div>"


def _shown(value: Any) -> str:
    return "–" if value is None else f"{value:,}"
