"""Every fact about a study's concepts, newest first, with who stated it and whether it still stands."""

from dataclasses import dataclass
from datetime import datetime

from annotation.codes.systems import SYSTEMS
from annotation.enums import ConceptFactKind
from annotation.models import Concept, ConceptFact, Study

SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Told:
    """A fact in words."""

    fact: ConceptFact
    words: str
    by: str
    at: datetime
    reason: str
    stands: bool
    """It can be taken back."""
    taken_back: bool


@dataclass(frozen=True, kw_only=True)
class History:
    facts: tuple[Told, ...]
    more: int
    """Older ones that are not shown; a release holds all."""


def concept_history(study: Study, *, concept: Concept | None = None) -> History:
    """Of all concepts or of one, as the one that it is about or that it leads to. Two statements."""
    facts = ConceptFact.objects.filter(study=study)
    if concept is not None:
        facts = facts.filter(concept=concept) | facts.filter(other=concept) | facts.filter(withdraws__other=concept)
    named = facts.select_related("concept", "other", "stated_by", "withdraws__concept", "withdraws__other")
    rows = list(named.select_related("withdrawn_by").order_by("-pk")[: SHOWN + 1])
    more = facts.count() - SHOWN if len(rows) > SHOWN else 0
    return History(facts=tuple(map(_told, rows[:SHOWN])), more=more)


def _told(fact: ConceptFact) -> Told:
    taken_back = hasattr(fact, "withdrawn_by")
    return Told(
        fact=fact,
        words=in_words(fact),
        by=fact.stated_by.name or fact.stated_by.email,
        at=fact.stated_at,
        reason=fact.reason,
        stands=fact.kind != ConceptFactKind.WITHDRAWN and not taken_back,
        taken_back=taken_back,
    )


def in_words(fact: ConceptFact) -> str:
    """For example: “MI” counts as “myocardial infarction”."""
    if fact.kind == ConceptFactKind.WITHDRAWN and fact.withdraws is not None:
        return f"Taken back: {in_words(fact.withdraws)}"
    if fact.kind == ConceptFactKind.CODED:
        name = SYSTEMS[fact.system].NAME if fact.system in SYSTEMS else fact.system
        return f"“{fact.concept}” is {fact.code} of {name} ({fact.release}): {fact.term}"
    joined = "counts as" if fact.kind == ConceptFactKind.MERGED else "is narrower than"
    return f"“{fact.concept}” {joined} “{fact.other}”"
