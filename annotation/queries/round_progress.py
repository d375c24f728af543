"""How far each round is: places rated of places laid out, for the study or for one institution's raters."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from annotation.enums import Role, RoundKind, RoundState, SlotState
from annotation.models import Draft, Institution, Membership, Rating, ReadingSlot, Round, Slot, Study


@dataclass(frozen=True, kw_only=True)
class RoundProgress:
    number: int
    kind: RoundKind
    state: RoundState
    opened_at: datetime | None
    closed_at: datetime | None
    places: int
    """Slots of the round; a closed round keeps only those that were rated."""
    rated: int
    leased: int
    last_due: datetime | None
    """When the last of the free places that wait for a time may be taken; None where none does."""
    repeats: int | None
    """Number of the round that it asks for once more."""
    surplus: int
    """Ratings that came after their place had been given away. They count like any other."""
    drafts: int

    @property
    def name(self) -> str:
        return str(self.number)

    @property
    def free(self) -> int:
        """Places without a rating, those with a rater at the moment included."""
        return self.places - self.rated

    @property
    def open(self) -> bool:
        return self.state == RoundState.OPEN

    @property
    def retests(self) -> bool:
        """Opened and closed with the round that it repeats."""
        return self.kind == RoundKind.RETEST


def round_progress(
    study: Study, *, institutions: Iterable[Institution] | None = None, retests: bool = True
) -> tuple[RoundProgress, ...]:
    """Every round in order; with `institutions`, places open to or taken by their raters alone. Six statements.

    retests: whether the reader may know of retests (rules.blinding.retests_visible); otherwise they are left out.
    """
    own = None if institutions is None else [institution.pk for institution in institutions]
    slots = Slot.objects.filter(round__study=study)
    ratings = Rating.objects.filter(study=study, revision=1, slot=None)
    drafts = Draft.objects.filter(round__study=study)
    readings = ReadingSlot.objects.filter(round__study=study)
    if own is not None:
        slots = slots.filter(_open_to(study, own))
        ratings = ratings.filter(institution__in=own)
        readings = readings.filter(Q(reader=None) | Q(reader__in=_raters_of(study, own)))
        drafts = drafts.filter(rater__memberships__study=study, rater__memberships__institution__in=own)
    counted = _counted(slots) | _counted(readings)
    waiting = slots.filter(state=SlotState.OPEN, not_before__isnull=False)
    last_due = dict(waiting.values_list("round").annotate(Max("not_before")).order_by())
    none = {"places": 0, "rated": 0, "leased": 0}
    surplus = dict(ratings.values_list("round").annotate(Count("pk")).order_by())
    saved = dict(drafts.values_list("round").annotate(Count("pk", distinct=True)).order_by())
    rounds = Round.objects.filter(study=study).select_related("repeats").order_by("number", "pk")
    return tuple(
        RoundProgress(
            number=round_.number,
            repeats=round_.repeats.number if round_.repeats else None,
            kind=RoundKind(round_.kind),
            state=RoundState(round_.state),
            opened_at=round_.opened_at,
            closed_at=round_.closed_at,
            last_due=last_due.get(round_.pk),
            surplus=surplus.get(round_.pk, 0),
            drafts=saved.get(round_.pk, 0),
            **counted.get(round_.pk, none),
        )
        for round_ in (rounds if retests else rounds.exclude(kind=RoundKind.RETEST))
    )


def _open_to(study: Study, institutions: list[int]) -> Q:
    """Places reserved for these institutions, and those for anyone that nobody from elsewhere has taken."""
    users = _raters_of(study, institutions)
    for_anyone = Q(institution=None) & (Q(rater=None) | Q(rater__in=users))
    return (Q(institution__in=institutions) | for_anyone) & (Q(reserved_for=None) | Q(reserved_for__in=users))


def _raters_of(study: Study, institutions: list[int]) -> QuerySet[Membership, Any]:
    raters = Membership.objects.filter(study=study, role=Role.ANNOTATOR, institution__in=institutions)
    return raters.values("user")


def _counted(places: QuerySet[Slot] | QuerySet[ReadingSlot]) -> dict[int, dict[str, int]]:
    """By round: places laid out, rated and held."""
    rated, leased = Q(state=SlotState.SUBMITTED), Q(state=SlotState.LEASED)
    rows = places.values("round").order_by()
    counted = rows.annotate(laid=Count("pk"), rated=Count("pk", filter=rated), leased=Count("pk", filter=leased))
    return {
        round_: {"places": laid, "rated": rated, "leased": leased}
        for round_, laid, rated, leased in counted.values_list("round", "laid", "rated", "leased")
    }
