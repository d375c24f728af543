"""The rows of a release's agreement, computed again from its ratings."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from annotation.export.recompute.laid_out import NOT_CLINICAL, LaidOut, RubricItem
from annotation.export.recompute.scopes import scoped_answers
from annotation.science.alpha import alpha
from annotation.science.between_groups import alpha_between
from annotation.science.distance import Level
from annotation.science.gwet import Weights, gwet
from annotation.science.hierarchy import concept_distances
from annotation.science.raw_agreement import raw_agreement
from annotation.science.retest import retest_agreement
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Estimate, Undefined, Value

REPLICATES = 2000
LEVELS: dict[str, Level] = {
    "concept": "nominal",
    "nominal": "nominal",
    "ordinal": "ordinal",
    "confidence": "ordinal",
    "flags": "sets",
}
ORDERED = ("ordinal", "confidence")


@dataclass(frozen=True, kw_only=True)
class AgreementRow:
    key: tuple[str, str, str, str]
    """Item, scope, coefficient, level."""
    found: Estimate | Undefined
    units: int
    ratings: int
    raters: int

    @property
    def figures(self) -> dict[str, Any]:
        defined = isinstance(self.found, Estimate)
        return {
            "value": self.found.value if isinstance(self.found, Estimate) else None,
            "low": self.found.low if isinstance(self.found, Estimate) else None,
            "high": self.found.high if isinstance(self.found, Estimate) else None,
            "undefined_reason": None if defined else getattr(self.found, "reason", None),
            "interval_reason": (self.found.interval_reason or None) if isinstance(self.found, Estimate) else None,
            "units": self.units,
            "ratings": self.ratings,
            "raters": self.raters,
        }


def domain(item: RubricItem) -> list[Value] | None:
    """The item's classes in order; None where raters may name what they like."""
    if item.kind in ("concept", "flags"):
        return None
    return [*item.options, NOT_CLINICAL] if item.kind == "nominal" else list(item.options)


def agreement_rows(laid: LaidOut, item: RubricItem, scope: str, *, seed: int) -> Iterator[AgreementRow]:
    """Of one item over one scope."""
    item, answers = scoped_answers(laid, item, scope)
    level = LEVELS[item.kind]
    gwets = "ac2" if item.kind in ORDERED else "ac1"
    if scope == "retest":
        yield from _retest(item, answers, level, gwets, seed)
        return
    table = RatingTable.from_answers(answers, domain(item))
    between = scope == "between-institutions"
    groups = {answer.rater: answer.institution for answer in answers}
    compute = partial(alpha_between, group_of=groups) if between else alpha
    row = partial(_row, item.key, scope, table)
    yield row("alpha", level, compute(table, level=level, seed=seed, replicates=REPLICATES))
    if item.kind == "concept" and laid.broader:
        near = concept_distances(table.values, laid.broader)
        found = compute(table, level="hierarchy", seed=seed, replicates=REPLICATES, distances=near)
        yield row("alpha", "hierarchy", found)
    if between:
        return
    if item.kind != "flags":
        weights: Weights = "ordinal" if item.kind in ORDERED else "identity"
        yield row(gwets, level, gwet(table, weights, seed=seed, replicates=REPLICATES))
    yield row("raw", level, raw_agreement(table, seed=seed, replicates=REPLICATES))


def _row(
    item: str, scope: str, table: RatingTable, coefficient: str, level: str, found: Estimate | Undefined
) -> AgreementRow:
    if isinstance(found, Undefined):
        counts = (len(table.units), int((table.codes >= 0).sum()), len(table.raters))
    else:
        counts = (found.n_units, found.n_ratings, found.n_raters)
    units, ratings, raters = counts
    return AgreementRow(key=(item, scope, coefficient, level), found=found, units=units, ratings=ratings, raters=raters)


def _retest(item: RubricItem, answers: Sequence[Answer], level: Level, gwets: str, seed: int) -> Iterator[AgreementRow]:
    found = retest_agreement(answers, level, seed=seed, replicates=REPLICATES, domain=domain(item))
    times = Counter((answer.latent, answer.rater) for answer in answers if answer.value is not None)
    again = {latent for (latent, _), number in times.items() if number > 1}
    everyone = found.everyone
    named = {"alpha": everyone.alpha, gwets: everyone.gwet, "raw": everyone.raw}
    if item.kind == "flags":
        del named[gwets]
    for coefficient, estimate in named.items():
        yield AgreementRow(
            key=(item.key, "retest", coefficient, level),
            found=estimate,
            units=len(again),
            ratings=2 * everyone.n_pairs,
            raters=len(found.raters),
        )
