"""What the figures of one item say beside each other: across scopes, pairs, near misses, calibration sets."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from annotation.models import Agreement
from annotation.queries.agreement_figures import PairTable
from annotation.rules.scopes import (
    ALL,
    AS_TYPED,
    BETWEEN,
    CALIBRATION,
    INSTITUTION,
    RETEST,
    ROUND,
    SPECIALTY,
    VERSION,
    read_scope,
)
from annotation.views.drawing.figures import decimal
from annotation.views.drawing.forest import Estimate

GROUPS: Mapping[str, str] = {
    ALL: "Everybody",
    VERSION: "Rubric versions",
    ROUND: "Rounds",
    BETWEEN: "Institutions",
    INSTITUTION: "Institutions",
    RETEST: "Raters with themselves",
    SPECIALTY: "Specialties of the latents",
}
"""Heading in the forest plot by kind of scope."""
NEVER_ALONE = (VERSION, ROUND, SPECIALTY)
"""One version, round or specialty alone has the same figures as everybody."""
NOTABLE = 0.15
"""A rater whose mean kappa is so far below the others' is named."""
FEW_PAIRS = 3


def alphas(rows: Iterable[Agreement]) -> list[Agreement]:
    """Alpha of each scope at the item's own level."""
    return [row for row in rows if row.coefficient == "alpha" and row.level != "hierarchy"]


def scope_estimates(rows: Sequence[Agreement], institutions: Mapping[str, str]) -> list[Estimate]:
    """Alpha over the scopes that tell something apart, in groups; `institutions`: names by code."""
    found = alphas(rows)
    kinds = [read_scope(row.scope).kind for row in found]
    return [
        estimate(row, label=read_scope(row.scope).said(institutions), group=GROUPS[kind])
        for row, kind in zip(found, kinds, strict=True)
        if kind in GROUPS and not (kind in NEVER_ALONE and kinds.count(kind) == 1)
    ]


def estimate(row: Agreement, *, label: str, group: str = "") -> Estimate:
    return Estimate(
        label=label,
        n=row.units,
        value=row.value,
        low=row.low,
        high=row.high,
        reason=row.undefined_reason or row.interval_reason,
        group=group,
    )


def institutions_in_words(rows: Sequence[Agreement]) -> str:
    """Whether raters of one institution agree more with each other than with others; empty where nothing says so."""
    found = {read_scope(row.scope).kind: row for row in alphas(rows) if row.value is not None}
    within = [row.value for row in alphas(rows) if read_scope(row.scope).kind == INSTITUTION and row.value is not None]
    between = found.get(BETWEEN)
    if between is None or between.value is None or not within:
        return ""
    mean = fmean(within)
    span = f"α is {decimal(between.value)} between institutions and on average {decimal(mean)} within one"
    if between.high is not None and mean > between.high:
        return f"{span}: colleagues agree more with each other than with others, so that they count less than twice."
    if between.low is not None and mean < between.low:
        return f"{span}: colleagues agree less with each other than with raters elsewhere."
    return f"{span}: no difference that the interval could tell from chance."


def near_miss_estimates(rows: Sequence[Agreement]) -> list[Estimate]:
    """Concepts as they count, with near misses, and as they were typed; empty where the item has no such figures."""
    everybody = [row for row in rows if row.scope == ALL and row.coefficient == "alpha"]
    typed = [row for row in rows if row.scope == AS_TYPED and row.coefficient == "alpha" and row.level != "hierarchy"]
    near = [row for row in everybody if row.level == "hierarchy"]
    if not near and not typed:
        return []
    labelled = [
        *((row, "As typed, before merges") for row in typed),
        *((row, "After merges: the same concept or not") for row in everybody if row.level != "hierarchy"),
        *((row, "After merges, near misses counted in part") for row in near),
    ]
    return [estimate(row, label=label) for row, label in labelled]


def near_misses_in_words(rows: Sequence[Agreement]) -> str:
    """How much of the disagreement is about how narrow a concept is."""
    found = {row.level == "hierarchy": row.value for row in rows if row.scope == ALL and row.coefficient == "alpha"}
    plain, near = found.get(False), found.get(True)
    if plain is None or near is None:
        return ""
    gain = near - plain
    said = f"Counting a broader or narrower concept as a near miss takes α from {decimal(plain)} to {decimal(near)}"
    if gain < 0.02:
        return f"{said}: where raters disagree, they mean different things."
    return f"{said}: part of the disagreement is about how narrow the name is, not about what it means."


def pairs_in_words(table: PairTable) -> str:
    """Who of the raters agrees least with the others, and the range of pairs."""
    defined = [pair for pair in table.pairs if pair.kappa is not None]
    if not defined:
        return ""
    kappas = [pair.kappa or 0.0 for pair in defined]
    said = f"Between two raters κ goes from {decimal(min(kappas))} to {decimal(max(kappas))}."
    if not table.whole:
        return said
    means = _means(table)
    if len(means) < FEW_PAIRS:
        return said
    lowest = min(means, key=lambda name: (means[name], name))
    others = fmean(mean for name, mean in means.items() if name != lowest)
    if others - means[lowest] < NOTABLE:
        return f"{said} Nobody stands out: every rater agrees with the others about as much."
    return (
        f"{said} {lowest} agrees least with the others (κ {decimal(means[lowest])} on average, others "
        f"{decimal(others)}): another reading of the rubric, perhaps, which is worth asking about."
    )


def _means(table: PairTable) -> dict[str, float]:
    """Mean kappa of each rater with the others."""
    own: dict[str, list[float]] = {}
    for pair in table.pairs:
        for name in (pair.first, pair.second):
            if pair.kappa is not None:
                own.setdefault(name, []).append(pair.kappa)
    return {name: fmean(values) for name, values in own.items()}


def calibration_estimates(rows: Sequence[Agreement]) -> list[Estimate]:
    found = [row for row in alphas(rows) if read_scope(row.scope).kind == CALIBRATION]
    return [estimate(row, label=f"Set {read_scope(row.scope).number}") for row in found]


def course_in_words(estimates: Sequence[Estimate]) -> str:
    """Whether raters came closer over the sets."""
    defined = [each for each in estimates if each.value is not None]
    if len(defined) < 2:
        return ""
    first, last = defined[0], defined[-1]
    assert first.value is not None
    assert last.value is not None
    sets = f"From {first.label.lower()} to {last.label.lower()}"
    said = f"{sets} α went from {decimal(first.value)} to {decimal(last.value)}"
    bounds = (first.low, first.high, last.low, last.high)
    if None in bounds:
        return f"{said}. Without intervals it cannot be said whether that is more than chance."
    if last.low is not None and first.high is not None and last.low > first.high:
        return f"{said}: raters came closer to each other."
    if last.high is not None and first.low is not None and last.high < first.low:
        return f"{said}: raters went apart. Read what they wrote before the next round."
    return f"{said}. The intervals overlap: it may be chance."
