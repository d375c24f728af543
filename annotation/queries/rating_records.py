"""A study's current ratings as the statistics take them: one answer a rater, latent and rubric item."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, Subquery

from annotation.enums import ItemKind, Outcome, Role
from annotation.models import Membership, Rating, RubricItem, RubricVersion, Study
from annotation.queries.counted_ratings import counted_ratings
from annotation.queries.learnability_scores import Scores
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
    values: dict[str, Any]
    reading: int
    """1 for the first rating of this latent by this rater, 2 for a retest, ..."""
    scores: tuple[LearnabilityScore, ...] = ()
    """How well its rationale let blinded readers and programs foretell unseen snippets, one score a scorer."""

    def fingerprint(self) -> tuple[Any, ...]:
        values = tuple(sorted((key, str(value)) for key, value in self.values.items()))
        return (
            self.latent,
            self.round,
            self.rater,
            self.institution,
            self.revision,
            self.outcome,
            self.concept,
            values,
            tuple((score.scorer, score.value) for score in self.scores),
        )


def current_ratings(
    study: Study,
    *,
    version: RubricVersion | None = None,
    scores: Scores | None = None,
) -> list[RatingRecord]:
    """Newest revisions of the ratings that count, surplus ones included, ordered by latent, rater and time.

    A rater's answers to an older rubric version give way to those to a newer one on the same latent. With `version`,
    what was answered to that version, whatever came after. scores: of queries.learnability_scores, by rating.
    """
    newest = Rating.objects.filter(latent=OuterRef("latent"), round=OuterRef("round"), rater=OuterRef("rater"))
    rows = (
        counted_ratings(study, version=version)
        .filter(revision=Subquery(newest.order_by("-revision").values("revision")[:1]))
        .order_by("latent", "rater", "round", "pk")
        .values(
            "pk",
            "latent",
            "round",
            "rater",
            "revision",
            "outcome",
            "answers",
            rubric=F("round__rubric"),
            concept_name=F("concept__name"),
            institution_code=F("institution__code"),
        )
    )
    names = dict(Membership.objects.filter(study=study, role=Role.ANNOTATOR).values_list("user", "pseudonym"))
    readings: dict[tuple[int, int], int] = {}
    records = []
    for row in rows:
        key = (row["latent"], row["rater"])
        readings[key] = readings.get(key, 0) + 1
        records.append(
            RatingRecord(
                pk=row["pk"],
                latent=row["latent"],
                round=row["round"],
                rubric=row["rubric"],
                rater=names[row["rater"]],
                institution=row["institution_code"],
                revision=row["revision"],
                outcome=row["outcome"],
                concept=row["concept_name"] or "",
                values=row["answers"],
                reading=readings[key],
                scores=scores.get(row["pk"], ()) if scores else (),
            )
        )
    return records


def answers_for(item: RubricItem, records: Iterable[RatingRecord], *, flag: str = "") -> list[Answer]:
    """The item's answers. None is "cannot tell"; on scales and flags "not clinical" leaves no answer at all.

    Answers to other rubric versions count as far as they mean the same: see `_comparable`. With `flag`, those of
    raters who were offered this flag, whatever the others.
    """
    given = list(records)
    asked = _asked(item, {record.rubric for record in given})
    comparable = {version for version, other in asked.items() if _comparable(other, item, flag)}
    return [
        Answer(
            latent=str(record.latent),
            rater=record.rater,
            value=value,
            institution=record.institution,
            reading=record.reading,
            scores=_scores(item, record),
            round=str(record.round),
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
