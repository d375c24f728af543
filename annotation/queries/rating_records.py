"""A study's current ratings as the statistics take them: one answer a rater, latent and rubric item."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, Subquery

from annotation.enums import ItemKind, Outcome, Role
from annotation.models import Membership, Rating, RubricItem, Study
from annotation.queries.withheld import withheld
from annotation.science.types import Answer, Item, closed_item, open_item, ordinal_item

NOT_CLINICAL = "not clinical"
"""The class of the concept and category items for raters who say that the latent is not clinical."""


@dataclass(frozen=True, kw_only=True)
class RatingRecord:
    """A rater's newest revision on a latent in a round."""

    pk: int
    latent: int
    round: int
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
        )


def current_ratings(study: Study) -> list[RatingRecord]:
    """Newest revisions, surplus ones included, without what is withheld, ordered by latent, rater and time."""
    newest = Rating.objects.filter(latent=OuterRef("latent"), round=OuterRef("round"), rater=OuterRef("rater"))
    rows = (
        Rating.objects.filter(study=study, revision=Subquery(newest.order_by("-revision").values("revision")[:1]))
        .filter(~withheld())
        .order_by("latent", "rater", "round__number", "pk")
        .values(
            "pk",
            "latent",
            "round",
            "rater",
            "revision",
            "outcome",
            "answers",
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
                rater=names[row["rater"]],
                institution=row["institution_code"],
                revision=row["revision"],
                outcome=row["outcome"],
                concept=row["concept_name"] or "",
                values=row["answers"],
                reading=readings[key],
            )
        )
    return records


def answers_for(item: RubricItem, records: Iterable[RatingRecord]) -> list[Answer]:
    """The item's answers. None is "cannot tell"; on scales and flags "not clinical" leaves no answer at all."""
    return [
        Answer(
            latent=str(record.latent),
            rater=record.rater,
            value=value,
            institution=record.institution,
            reading=record.reading,
        )
        for record in records
        for value in _values(item, record)
    ]


def _values(item: RubricItem, record: RatingRecord) -> list[Any]:
    """No answer, or one, which is None for "cannot tell"."""
    if record.outcome == Outcome.CANNOT_TELL:
        return [None]
    if record.outcome == Outcome.NOT_CLINICAL:
        return [NOT_CLINICAL] if item.kind in (ItemKind.CONCEPT, ItemKind.NOMINAL) else []
    if item.kind == ItemKind.CONCEPT:
        return [record.concept]
    value = record.values.get(item.key)
    if item.kind == ItemKind.FLAGS:
        return [frozenset(value or [])]
    return [] if value is None else [value]


def science_item(item: RubricItem) -> Item:
    """How the statistics treat the item's classes. Flags have none of their own: each flag is a yes/no item."""
    if item.kind == ItemKind.CONCEPT:
        return open_item()
    classes = [option["value"] for option in item.options]
    if item.kind == ItemKind.NOMINAL:
        return closed_item([*classes, NOT_CLINICAL])
    return ordinal_item(classes)
