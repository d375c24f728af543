"""What the concept field offers a rater: the round's frozen list, her own terms, the study's code systems.

Never a colleague's term, and nothing that depends on one: neither a word, nor its spelling, nor the statements run. Of
two terms that are one concept by now, the surviving one is offered, found by either's words, if both would be offered.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import BigIntegerField, Case, Exists, Func, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Lower

from annotation.codes.spelling import spellings
from annotation.codes.text import fold, matches, words
from annotation.enums import ConceptFactKind, RoundKind, RoundState
from annotation.models import Concept, ConceptFact, Rating, Round, Study, User
from annotation.models.prepared import prepared
from annotation.queries.code_terms import code_terms
from annotation.rules.refusal import NotYours

MOST = 8
OWN = "your own term"


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A concept that the rater is offered while she types."""

    value: str
    note: str = ""
    also: tuple[str, ...] = ()
    """Names that were merged into it: of the list, or her own."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.value, *self.also)

    @property
    def words(self) -> tuple[str, ...]:
        """The words, in every spelling, whose beginnings find it."""
        return tuple(dict.fromkeys(word for name in self.names for word in _findable(name)))

    @property
    def option(self) -> dict[str, str]:
        """As js/suggest.js reads it."""
        return {"value": self.value, "label": self.value, "note": self.note, "words": " ".join(self.words)}


@lru_cache(maxsize=4096)
def _findable(value: str) -> tuple[str, ...]:
    return tuple(spelling for word in words(value) for spelling in spellings(word))


def round_of(study: Study, number: int) -> Round:
    """The round whose number her page shows. Raises NotYours where the study has not opened such a one."""
    opened = study.rounds.exclude(kind=RoundKind.RETEST).exclude(state=RoundState.DRAFT)
    found = opened.filter(number=number).first()
    if found is None:
        raise NotYours("There is no such round in this study. Open the rating page again.")
    return found


def own_list(round_: Round, user: User) -> tuple[Suggestion, ...]:
    """The list frozen when the round opened, then the terms of her own ratings in the study. One statement."""
    offered = list(_offered(round_.study_id, round_.pk, user.pk))
    known = {concept for concept, *_ in offered}
    merged: dict[int, list[str]] = {}
    for _, name, listed, written, into in offered:
        if into in known:
            merged.setdefault(into, []).append(_shown(name, listed, written))
    return tuple(
        Suggestion(value=_shown(name, listed, written), note="" if listed else OWN, also=tuple(merged.get(concept, ())))
        for concept, name, listed, written, into in offered
        if into not in known
    )


def _shown(name: str, listed: bool, written: str) -> str:
    return name if listed else written or name.lower()


@prepared
def _offered(study: int, round_: int, rater: int) -> QuerySet[Concept, tuple[int, str, bool, str, int | None]]:
    # By her ratings, not by who wrote the term first: that would tell her whether a colleague had.
    own = Rating.objects.filter(study=study, rater=rater)
    listed = Round.concepts.through.objects.filter(round_id=round_, concept_id=OuterRef("pk"))
    hers = Q(pk__in=own.values("concept")) | Q(pk__in=own.values("second_concept"))
    return (
        Concept.objects.filter(study=study)
        .annotate(listed=Exists(listed))
        .filter(Q(listed=True) | hers)
        .annotate(written=_as_she_wrote_it(own), into=_merged_into())
        .order_by("-listed", Lower("name"))
        .values_list("pk", "name", "listed", "written", "into")
    )


def _merged_into() -> Func:
    """The concept under whose name it counts by now; None for one that is not merged."""
    merge = ConceptFact.objects.filter(concept=OuterRef("pk"), kind=ConceptFactKind.MERGED, withdrawn_by=None)
    return Func(Subquery(merge.values("other")[:1]), function="consilium_survivor", output_field=BigIntegerField())


def _as_she_wrote_it(own: QuerySet[Rating]) -> Case:
    """In her newest rating with it. The name itself is in the letters of whoever came first (queries.own_words)."""
    newest = own.order_by("-pk")
    first = newest.filter(concept=OuterRef("pk")).values("concept_written")[:1]
    second = newest.filter(second_concept=OuterRef("pk")).values("second_concept_written")[:1]
    hers = Coalesce(Subquery(first), Subquery(second), Value(""))
    return Case(When(listed=True, then=Value("")), default=hers)


def suggestions(*, study: Study, round_number: int, user: User, text: str) -> list[Suggestion]:
    """At most eight, best first. Without text the beginning of the list."""
    offered = own_list(round_of(study, round_number), user)
    found = _begin_like(text, offered)
    if len(found) < MOST:
        told = {fold(suggestion.value) for suggestion in found}
        coded = (Suggestion(value=label, note=note) for label, note in code_terms(study, text, MOST))
        found += [suggestion for suggestion in coded if fold(suggestion.value) not in told]
    return found[:MOST]


def _begin_like(text: str, offered: Iterable[Suggestion]) -> list[Suggestion]:
    """Those with a word for each typed beginning: the list before her own terms, whole beginnings before others."""
    typed = words(text)
    whole = " ".join(typed)
    found = [suggestion for suggestion in offered if matches(typed, suggestion.words)]
    return sorted(found, key=lambda one: (one.note == OWN, not any(fold(n).startswith(whole) for n in one.names)))
