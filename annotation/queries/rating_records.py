"""A study's current ratings as the statistics take them: one answer a rater, latent and rubric item."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from annotation.enums import ItemKind, Outcome, Role
from annotation.models import Membership, Rating, RubricItem, RubricVersion, Study
from annotation.queries.counted_ratings import counted_ratings
from annotation.queries.learnability_scores import Scores
from annotation.queries.set_aside import set_aside
from annotation.queries.withheld import withheld
from annotation.science.types import Answer, Item, LearnabilityScore, closed_item, open_item, ordinal_item

NOT_CLINICAL = "not clinical"
"""The class of the concept and category items for raters who say that the latent is not clinical."""


@dataclass(frozen=True, kw_only=True)
class RatingRecord:
    """A rater's newest revision on a latent in a round."""

    pk: int
    latent: int
    round: int
    rubric: int
    """The rubric version that it answers."""
    rater: str
    """Pseudonym."""
    institution: str
    """Code."""
    revision: int
    outcome: str
    concept: str
    """After merges."""
    typed: str
    """The term that she chose or wrote, whatever it was merged into since."""
    values: dict[str, Any]
    reading: int
    """1 for the first rating of this latent by this rater, 2 for a retest, ..."""
    round_number: int = 0
    """As raters know it: a retest has the number of the round that it repeats."""
    version: int = 0
    """Number of the rubric version."""
    calibration_set: int | None = None
    counts: bool = True
    """False for a calibration rating, and for one that gave way to her answers under a newer rubric version."""
    scores: tuple[LearnabilityScore, ...] = ()
    """How well its rationale let blinded readers and programs foretell unseen snippets, one score a scorer."""


def current_ratings(
    study: Study,
    *,
    version: RubricVersion | None = None,
    scores: Scores | None = None,
    names: Mapping[int, str] | None = None,
) -> list[RatingRecord]:
    """Newest revisions of the ratings that count, surplus ones included, ordered by latent, rater and time.

    A rater's answers to an older rubric version give way to those to a newer one on the same latent. With `version`,
    what was answered to that version, whatever came after. scores: of queries.learnability_scores, by rating. names: of
    queries.concept_names, by concept; without, terms stay as they were typed.
    """
    return _records(study, counted_ratings(study, version=version).filter(newest_revision()), scores, names)


def all_ratings(study: Study, *, scores: Scores, names: Mapping[int, str]) -> list[RatingRecord]:
    """Those of `current_ratings`, and beside them (`counts` is False) what gave way to answers under a newer rubric
    version, and first answers to calibration latents: nothing counts these but agreement within their own scope.
    """
    calibrating = Q(latent__calibration_set__isnull=False)
    kept = (calibrating & Q(revision=1)) | (~calibrating & newest_revision())
    records = _records(study, Rating.objects.filter(~withheld(), ~set_aside(), kept, study=study), scores, names)
    counted = set(counted_ratings(study).values_list("pk", flat=True))
    return numbered([replace(record, counts=record.pk in counted) for record in records])


def newest_revision() -> Q:
    """Whether no later revision of the rating is stored."""
    same = {name: OuterRef(name) for name in ("latent", "round", "rater")}
    return ~Q(Exists(Rating.objects.filter(**same, revision__gt=OuterRef("revision"))))


def numbered(records: Iterable[RatingRecord]) -> list[RatingRecord]:
    """The same records, each rater's readings of a latent counted from 1 among those that count, and among the others
    of one rubric version.
    """
    readings: Counter[tuple[Any, ...]] = Counter()
    found = []
    for record in records:
        key = (record.latent, record.rater, None if record.counts else record.rubric)
        readings[key] += 1
        found.append(record if record.reading == readings[key] else replace(record, reading=readings[key]))
    return found


def _records(
    study: Study, ratings: QuerySet[Rating], scores: Scores | None, names: Mapping[int, str] | None
) -> list[RatingRecord]:
    rows = ratings.order_by("latent", "rater", "round", "pk").values(
        "pk",
        "latent",
        "round",
        "rater",
        "revision",
        "outcome",
        "answers",
        "concept",
        rubric=F("round__rubric"),
        round_number=F("round__number"),
        version=F("round__rubric__number"),
        calibration_set=F("latent__calibration_set"),
        typed=F("concept__name"),
        institution_code=F("institution__code"),
    )
    raters = dict(Membership.objects.filter(study=study, role=Role.ANNOTATOR).values_list("user", "pseudonym"))
    return numbered(
        RatingRecord(
            pk=row["pk"],
            latent=row["latent"],
            round=row["round"],
            round_number=row["round_number"],
            rubric=row["rubric"],
            version=row["version"],
            calibration_set=row["calibration_set"],
            rater=raters[row["rater"]],
            institution=row["institution_code"],
            revision=row["revision"],
            outcome=row["outcome"],
            concept=(names or {}).get(row["concept"], row["typed"]) or "",
            typed=row["typed"] or "",
            values=row["answers"],
            reading=1,
            scores=scores.get(row["pk"], ()) if scores else (),
        )
        for row in rows.iterator(chunk_size=5000)
    )


def answers_for(item: RubricItem, records: Iterable[RatingRecord], *, flag: str = "") -> list[Answer]:
    """The item's answers. None is "cannot tell"; on scales and flags "not clinical" leaves no answer at all.

    Answers to other rubric versions count as far as they mean the same: see `_comparable`. With `flag`, those of
    raters who were offered this flag, whatever the others.
    """
    return [answer for _, answer in answers_of(item, records, flag=flag)]


def answers_of(
    item: RubricItem, records: Iterable[RatingRecord], *, flag: str = ""
) -> list[tuple[RatingRecord, Answer]]:
    """As `answers_for`, each answer with the record that it comes from."""
    given = list(records)
    asked = _asked(item, {record.rubric for record in given})
    comparable = {version for version, other in asked.items() if _comparable(other, item, flag)}
    return [
        (
            record,
            Answer(
                latent=str(record.latent),
                rater=record.rater,
                value=value,
                institution=record.institution,
                reading=record.reading,
                scores=_scores(item, record),
                round=str(record.round_number),
            ),
        )
        for record in given
        if record.rubric in comparable
        for value in _values(item, record)
    ]


def _scores(item: RubricItem, record: RatingRecord) -> tuple[LearnabilityScore, ...]:
    """Judges are given the concept and the rationale: their scores speak for the concept alone."""
    return record.scores if item.kind == ItemKind.CONCEPT and record.outcome == Outcome.ANSWERED else ()


def _asked(item: RubricItem, versions: set[int]) -> dict[int, RubricItem]:
    """The item of this key in each of the versions; those that do not ask it are left out."""
    if versions <= {item.version_id}:
        return {item.version_id: item}
    found = RubricItem.objects.filter(version__in=versions, key=item.key)
    return {other.version_id: other for other in found}


def _comparable(other: RubricItem, item: RubricItem, flag: str) -> bool:
    """Whether answers to `other` answer `item`: of the same kind, on a scale of the same points, with all flags."""
    if other.kind != item.kind:
        return False
    offered = [option["value"] for option in other.options]
    if item.kind in (ItemKind.ORDINAL, ItemKind.CONFIDENCE):
        return offered == [option["value"] for option in item.options]
    if item.kind == ItemKind.FLAGS:
        return {flag} <= set(offered) if flag else {option["value"] for option in item.options} <= set(offered)
    return True


def _values(item: RubricItem, record: RatingRecord) -> list[Any]:
    """No answer, or one, which is None for "cannot tell". An option that the item no longer offers is no answer."""
    if record.outcome == Outcome.CANNOT_TELL:
        return [None]
    if record.outcome == Outcome.NOT_CLINICAL:
        return [NOT_CLINICAL] if item.kind in (ItemKind.CONCEPT, ItemKind.NOMINAL) else []
    if item.kind == ItemKind.CONCEPT:
        return [record.concept]
    if record.values.get(item.key) is None:
        return []
    value, offered = record.values[item.key], {option["value"] for option in item.options}
    if item.kind == ItemKind.FLAGS:
        return [frozenset(value) & offered]
    return [value] if value in offered else []


def science_item(item: RubricItem) -> Item:
    """How the statistics treat the item's classes. Flags have none of their own: each flag is a yes/no item.

    Free text never comes here: it is kept and released, and nothing is computed from it.
    """
    if item.kind == ItemKind.CONCEPT:
        return open_item()
    classes = [option["value"] for option in item.options]
    if item.kind == ItemKind.NOMINAL:
        return closed_item([*classes, NOT_CLINICAL])
    return ordinal_item(classes)
