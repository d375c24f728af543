"""Over which of a release's ratings agreement is computed, and the answers that belong to each scope."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from annotation.export.recompute.laid_out import LaidOut, Record, RubricItem, answers_of
from annotation.science.types import Answer

LONGEST = 60
"""Characters that a stored scope has at most: a longer name of a specialty is cut."""


def scopes_of(laid: LaidOut, item: RubricItem) -> set[str]:
    """Those that must be there: each that holds a rating."""
    counted = laid.counted
    sample = [record for record in laid.records if record.calibration_set is None]
    institutions = {record.institution for record in counted}
    found = {"all"} if counted else set()
    if item.kind == "concept" and any(record.concept != record.typed for record in counted):
        found.add("as-typed")
    found |= {f"version:{record.rubric[1]}" for record in sample} | {f"round:{record.round}" for record in sample}
    if len(institutions) > 1:
        found |= {"between-institutions"} | {f"institution:{code}" for code in institutions}
    if any(record.reading > 1 for record in counted):
        found.add("retest")
    rated = {record.latent for record in counted}
    homes = {latent.specialty for latent in laid.latents.values() if latent.name in rated and latent.specialty}
    found |= {f"specialty:{name}"[:LONGEST] for name in homes}
    sets = {record.calibration_set for record in laid.records if record.calibration_set is not None}
    return found | {f"calibration:{number}" for number in sets}


def scoped_answers(laid: LaidOut, item: RubricItem, scope: str) -> tuple[RubricItem, list[Answer]]:
    """The scope's answers, first readings within it; and the item as they were asked it."""
    kind, _, which = scope.partition(":")
    if kind == "version":
        versions = {record.rubric for record in laid.records if str(record.rubric[1]) == which}
        asked = [one for one in laid.items if one.version in versions and (one.key, one.kind) == (item.key, item.kind)]
        item = item if versions <= {item.version} or not asked else asked[0]
    belongs = _belongs(laid, kind, which)
    records = laid.records
    if kind == "as-typed":
        records = tuple(replace(record, concept=record.typed) for record in laid.counted)
    chosen = [record for record in records if belongs(record)]
    return item, _first_within(answers_of(laid, item, chosen))


def _belongs(laid: LaidOut, kind: str, which: str) -> Callable[[Record], bool]:
    if kind == "version":
        return lambda record: record.calibration_set is None and str(record.rubric[1]) == which
    if kind == "round":
        return lambda record: record.calibration_set is None and str(record.round) == which
    if kind == "calibration":
        return lambda record: str(record.calibration_set) == which
    if kind == "institution":
        return lambda record: record.counts and record.institution == which
    if kind == "specialty":
        wanted = f"specialty:{which}"
        home = {one.name for one in laid.latents.values() if f"specialty:{one.specialty}"[:LONGEST] == wanted}
        return lambda record: record.counts and record.latent in home
    return lambda record: record.counts


def _first_within(answers: Iterable[Answer]) -> list[Answer]:
    """A rater's second reading may be her first in this scope: readings are counted anew."""
    found: Counter[tuple[str, str]] = Counter()
    numbered = []
    for answer in answers:
        found[answer.latent, answer.rater] += 1
        numbered.append(replace(answer, reading=found[answer.latent, answer.rater]))
    return numbered
