"""The card of a trained SAE for people: the figures of card.json in words."""

from typing import Any

CLOSING = """The figures hold for held-out documents of the same corpus. Another corpus, or another kind of note, can
give others: `saeserve gate` measures them. No text of the corpus is in this folder."""


def prose(card: dict[str, Any]) -> str:
    """README.md; every figure is one of the card's."""
    title = f"# {card['architecture']} SAE on {card['model']['name']}, {card['hook_point']}"
    intro = (
        "Written by the training command below, as are `card.json`, which holds the same figures for programs, and "
        "`report.html` with the plots. Layout: SAELens v6 (`cfg.json`, `sae_weights.safetensors`)."
    )
    held = card["held_out"]
    parts = [
        title,
        intro,
        _table(_made(card)),
        f"## Measured on {held['documents']} held-out documents",
        "No document or patient of these was used in training. The weights measured are those in this folder.",
        _table(_measured(card)),
        CLOSING,
        f"## Command\n\n```\n{card['command']}\n```",
        "Software: " + ", ".join(f"{name} {version}" for name, version in card["software"].items()) + ".",
    ]
    return "\n\n".join(parts) + "\n"


def _made(card: dict[str, Any]) -> list[tuple[str, str]]:
    model, data, training = card["model"], card["data"], card["training"]
    rows = [
        (
            "language model",
            f"{model['name']}, weights sha256 `{model['weights_sha256'][:16]}…`, run in {model['dtype']}",
        ),
        ("hook point", f"`{card['hook_point']}`, width {card['input_width']}"),
        ("SAE", f"{training['recipe']}, decoder rows of norm 1; {card['stored']}"),
        ("activations", "raw: no scaling is needed before encoding"),
        ("data", data["note"] or data["file"]),
        ("data file", f"`{data['file']}`, sha256 `{data['sha256'][:16]}…`"),
        (
            "training",
            f"{training['tokens']:,} tokens of {training['documents']:,} documents, {training['epochs']} epochs",
        ),
        ("token visits", f"{training['token_visits']:,}"),
        ("optimiser", f"Adam {training['learning_rate']}, batch {training['batch']:,}, seed {training['seed']}"),
        ("windows", f"at most {data['context_tokens']} tokens of one document, special tokens left out"),
        ("norm limit", f"{training['sink_norm']:,}"),
        (
            "tokens above it",
            f"{training['sinks_dropped']} training, {card['held_out']['sinks_dropped']} held-out; left out",
        ),
        ("wall time", f"{training['seconds']:,} seconds"),
    ]
    return rows + [(name, card[key]) for name, key in (("chosen by", "chosen_by"), ("remark", "remark")) if card[key]]


def _measured(card: dict[str, Any]) -> list[tuple[str, str]]:
    held = card["held_out"]
    rows = [
        ("tokens", f"{held['tokens']:,}"),
        ("fraction of variance explained", f"{held['fve']}"),
        ("firing latents a token (L0)", f"{held['l0']}"),
        ("norm of reconstruction over norm of activation", f"{held['norm_ratio']}"),
        ("latents that never fire on these tokens", f"{held['dead_latents']} of {card['width']:,}"),
    ]
    if "ce" not in held:
        return [*rows, ("next-token cross-entropy", "undefined: the model is an encoder and predicts no next token")]
    return [
        *rows,
        ("next-token cross-entropy of the model, nats", f"{held['ce']} (on {held['ce_tokens']:,} of these tokens)"),
        ("the same with the SAE spliced in", f"{held['ce_with_sae']}"),
        ("rise", f"{held['ce_rise']}, standard error {held['ce_rise_error']} (documents as units)"),
        ("the same with the mean activation in place", f"{held['ce_with_mean']}"),
    ]


def _table(rows: list[tuple[str, str]]) -> str:
    return "\n".join(["| what | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])
