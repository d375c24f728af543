"""A release's ratings as the statistics take them, laid out from its files alone.

Written apart from the rooms that lay them out from the database, on purpose: two witnesses for every number.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from annotation.export.recompute.released_rows import ReleasedRows, Row, fact
from annotation.science.types import Answer, LearnabilityScore, Value

NOT_CLINICAL = "not clinical"
"""The class of the concept and of choices where the rater finds the latent not clinical."""
SCALES = ("ordinal", "confidence")
READER = "reader"
"""The scorer that people are; programs go by their own names."""
Version = tuple[str, int]
"""Name and number of a rubric."""
Rated = tuple[int, int, str, str, int]
"""Latent, round, kind of round, rater, revision: what names a rating."""


@dataclass(frozen=True, kw_only=True)
class RubricItem:
    version: Version
    key: str
    kind: str
    options: tuple[Value, ...]
    """In order; points of a scale are numbers."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A rater's newest revision on a latent in a round."""

    latent: str
    """Its place among the latents, written so that texts sort as places do."""
    rater: str
    institution: str
    rubric: Version
    round: int
    calibration_set: int | None
    counts: bool
    outcome: str
    concept: str
    """After merges."""
    typed: str
    values: Mapping[str, Any]
    reading: int
    scores: tuple[LearnabilityScore, ...]


@dataclass(frozen=True, kw_only=True)
class Latent:
    name: str
    calibration_set: int | None
    specialty: str


@dataclass(frozen=True, kw_only=True)
class LaidOut:
    items: tuple[RubricItem, ...]
    """Of every version that a round asked, in order."""
    version: Version
    """Whose items the results are on."""
    records: tuple[Record, ...]
    """By latent, rater and time."""
    latents: Mapping[int, Latent]
    broader: Mapping[str, frozenset[str]]

    @property
    def counted(self) -> list[Record]:
        return [record for record in self.records if record.counts]

    @property
    def own_items(self) -> list[RubricItem]:
        return [item for item in self.items if item.version == self.version]

    def item(self, version: Version, key: str) -> RubricItem | None:
        return next((item for item in self.items if (item.version, item.key) == (version, key)), None)


def lay_out(release: ReleasedRows) -> LaidOut:
    """Everything that the results rest on. Raises CannotRecompute, UnreadableManifest."""
    rubric = fact(release.manifest, "rubric")
    items = tuple(_items(release.rows("rubrics")))
    latents = _latents(release.rows("latents"))
    above: dict[str, set[str]] = defaultdict(set)
    for row in release.rows("hierarchy"):
        above[row["concept"]].add(row["broader"])
    return LaidOut(
        items=items,
        version=(rubric["name"], rubric["version"]),
        records=tuple(_records(release, latents, _scores(release))),
        latents=latents,
        broader={name: frozenset(every) for name, every in above.items()},
    )


def _items(rows: Iterable[Row]) -> Iterable[RubricItem]:
    options: dict[tuple[Version, str], list[Row]] = defaultdict(list)
    for row in rows:
        options[(row["rubric"], row["rubric_version"]), row["item"]].append(row)
    for (version, key), of_item in options.items():
        kind = of_item[0]["kind"]
        offered = [row["option"] for row in of_item if row["option"] is not None]
        values = tuple(int(value) for value in offered) if kind in SCALES else tuple(offered)
        yield RubricItem(version=version, key=key, kind=kind, options=values)


def _latents(rows: Sequence[Row]) -> dict[int, Latent]:
    return {
        row["latent"]: Latent(
            name=f"{row['place']:09d}", calibration_set=row["calibration_set"], specialty=row["specialty"] or ""
        )
        for row in rows
    }


def _scores(release: ReleasedRows) -> dict[Rated, tuple[LearnabilityScore, ...]]:
    """By rating, one a scorer: the mean of its readers, and each program in use."""
    read: dict[Rated, list[float]] = defaultdict(list)
    for row in release.rows("readings"):
        read[rated(row)].append(row["balanced_accuracy"])
    found: dict[Rated, list[LearnabilityScore]] = defaultdict(list)
    for key, values in read.items():
        found[key].append(LearnabilityScore(READER, sum(values) / len(values)))
    for row in release.rows("scores"):
        if row["used"]:
            found[rated(row)].append(LearnabilityScore(row["scorer"], row["value"]))
    return {key: tuple(sorted(scores, key=lambda one: one.scorer)) for key, scores in found.items()}


def rated(row: Row) -> Rated:
    return (row["latent"], row["round"], row["round_kind"], row["rater"], row["revision"])


def _records(
    release: ReleasedRows, latents: Mapping[int, Latent], scores: Mapping[Rated, tuple[LearnabilityScore, ...]]
) -> list[Record]:
    rounds = {(one["number"], one["kind"]): one for one in fact(release.manifest, "rounds")}
    rows = [row for row in release.rows("ratings") if not _set_aside(rounds[row["round"], row["round_kind"]])]
    newest: dict[Rated, int] = {}
    for row in rows:
        newest[_answered(row)] = max(newest.get(_answered(row), 0), row["revision"])
    kept = [
        row
        for row in rows
        if row["revision"] == (newest[_answered(row)] if latents[row["latent"]].calibration_set is None else 1)
    ]
    # Rows come in the order in which they were given; sorting keeps it within a round.
    kept.sort(
        key=lambda row: (
            latents[row["latent"]].name,
            row["rater"],
            rounds[row["round"], row["round_kind"]]["order"],
        )
    )
    return _numbered(_record(row, latents[row["latent"]], scores.get(rated(row), ())) for row in kept)


def _set_aside(round_: Row) -> bool:
    """Rated elsewhere, and not taken by the statistics."""
    return not round_.get("rated_elsewhere", {}).get("counts", True)


def _answered(row: Row) -> Rated:
    return (row["latent"], row["round"], row["round_kind"], row["rater"], 0)


def _record(row: Row, latent: Latent, scores: tuple[LearnabilityScore, ...]) -> Record:
    prefix = "answer_"
    return Record(
        latent=latent.name,
        rater=row["rater"],
        institution=row["institution"],
        rubric=(row["rubric"], row["rubric_version"]),
        round=row["round"],
        calibration_set=latent.calibration_set,
        counts=row["current"],
        outcome=row["outcome"],
        concept=row["concept_counted"] or "",
        typed=row["concept"] or "",
        values={name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)},
        reading=1,
        scores=scores,
    )


def _numbered(records: Iterable[Record]) -> list[Record]:
    """Each rater's readings of a latent counted from 1: those that count, and the others of one rubric version."""
    readings: Counter[tuple[Any, ...]] = Counter()
    found = []
    for record in records:
        key = (record.latent, record.rater, None if record.counts else record.rubric)
        readings[key] += 1
        found.append(replace(record, reading=readings[key]))
    return found


def answers_of(laid: LaidOut, item: RubricItem, records: Iterable[Record], *, flag: str = "") -> list[Answer]:
    """The item's answers; None is "cannot tell". Answers to other versions count as far as they mean the same."""
    given = list(records)
    asked = {version: laid.item(version, item.key) for version in {record.rubric for record in given}}
    comparable = {version for version, other in asked.items() if other and _comparable(other, item, flag)}
    return [
        Answer(
            latent=record.latent,
            rater=record.rater,
            value=value,
            institution=record.institution,
            reading=record.reading,
            scores=record.scores if item.kind == "concept" and record.outcome == "answered" else (),
            round=str(record.round),
        )
        for record in given
        if record.rubric in comparable
        for value in _values(item, record)
    ]


def _comparable(other: RubricItem, item: RubricItem, flag: str) -> bool:
    """Of the same kind; on a scale with the same points; with all of the item's flags, or with the one asked for."""
    if other.kind != item.kind:
        return False
    if item.kind in SCALES:
        return other.options == item.options
    if item.kind == "flags":
        return ({flag} if flag else set(item.options)) <= set(other.options)
    return True


def _values(item: RubricItem, record: Record) -> list[Value | None]:
    """No answer, or one. An option that the item does not offer any more is no answer."""
    if record.outcome == "cannot-tell":
        return [None]
    if record.outcome == "not-clinical":
        return [NOT_CLINICAL] if item.kind in ("concept", "nominal") else []
    if item.kind == "concept":
        return [record.concept]
    value = record.values.get(item.key)
    if value is None:
        return []
    if item.kind == "flags":
        # A list, unless the item was of another kind in an earlier version: then the column is text.
        flags = json.loads(value) if isinstance(value, str) else value
        return [frozenset(flags) & frozenset(map(str, item.options))]
    value = int(value) if item.kind in SCALES and str(value).lstrip("-").isdecimal() else value
    return [value] if value in item.options else []
