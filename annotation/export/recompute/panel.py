"""First answers to calibration latents with the share that the panel's reference gives them, from a release's files."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from annotation.export.recompute.laid_out import NOT_CLINICAL, LaidOut, Record, RubricItem
from annotation.export.recompute.released_rows import ReleasedRows, Row
from annotation.science.members import NO, YES
from annotation.science.types import CalibrationAnswer

Distribution = dict[str, float]


def panel_answers(release: ReleasedRows, laid: LaidOut) -> Mapping[str, tuple[CalibrationAnswer, ...]]:
    """By what consensus is sought on: an item's key, or `<key>-<flag>`. "Cannot tell" is missing."""
    merged = {fold(row["concept"]): row["counted_as"] for row in release.rows("concepts")}
    references = _references(release.rows("references"), laid)
    found: dict[str, list[CalibrationAnswer]] = defaultdict(list)
    for record in laid.records:
        if record.calibration_set is None:
            continue
        for item in laid.items:
            if item.version == record.rubric:
                for key, answer in _given(item, record):
                    if (record.latent, key) in references:
                        known = _known(item, record, answer, references[record.latent, key], merged)
                        found[key].append(known)
    return {key: tuple(answers) for key, answers in found.items()}


def _known(
    item: RubricItem, record: Record, answer: str, reference: Distribution, merged: Mapping[str, str]
) -> CalibrationAnswer:
    if item.kind == "concept":
        reference, answer = _merged(reference, merged), merged.get(fold(answer), answer)
    share = sum(share for given, share in reference.items() if fold(given) == fold(answer))
    return CalibrationAnswer(
        rater=record.rater,
        latent=record.latent,
        reference_share=min(1.0, share),
        n_classes=_classes(item, reference),
        scores=record.scores if item.kind == "concept" else (),
    )


def _classes(item: RubricItem, reference: Distribution) -> int:
    """How many answers there are: of the concept those that the reference names, and one for all others."""
    if item.kind == "concept":
        return len(reference) + 1
    if item.kind == "flags":
        return 2
    return len(item.options) + (item.kind == "nominal")


def _given(item: RubricItem, record: Record) -> list[tuple[str, str]]:
    """(question, answer): one, one a flag, or none."""
    if record.outcome == "cannot-tell" or item.kind in ("confidence", "text"):
        return []
    if record.outcome == "not-clinical":
        return [(item.key, NOT_CLINICAL)] if item.kind in ("concept", "nominal") else []
    if item.kind == "concept":
        return [(item.key, record.typed)]
    value = record.values.get(item.key)
    if value is None:
        return []
    if item.kind == "flags":
        return [(f"{item.key}-{flag}", YES if flag in value else NO) for flag in map(str, item.options)]
    return [(item.key, str(value))]


def _references(rows: Iterable[Row], laid: LaidOut) -> dict[tuple[str, str], Distribution]:
    """The panel's mean by latent and question, of what the results compared answers with."""
    given: dict[tuple[str, str], dict[str, Distribution]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if row["used"]:
            given[laid.latents[row["latent"]].name, row["item"]][row["set_by"]][row["answer"]] = row["share"]
    return {key: _mean(list(panel.values())) for key, panel in given.items()}


def _mean(panel: list[Distribution]) -> Distribution:
    total: Distribution = defaultdict(float)
    written: dict[str, str] = {}
    for member in panel:
        for answer, share in member.items():
            total[written.setdefault(fold(answer), answer)] += share / len(panel)
    return dict(total)


def _merged(reference: Distribution, merged: Mapping[str, str]) -> Distribution:
    total: Distribution = defaultdict(float)
    written: dict[str, str] = {}
    for answer, share in reference.items():
        name = merged.get(fold(answer), answer)
        total[written.setdefault(fold(name), name)] += share
    return dict(total)


def fold(answer: str) -> str:
    """Concepts are compared without regard to case and spacing."""
    return " ".join(answer.split()).casefold()
