"""Places that somebody began, or that are kept for somebody, and that nobody has touched for days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from annotation.enums import RoundState, SlotState
from annotation.models import Draft, Membership, Rating, Slot, Study
from annotation.queries.barred_raters import barred_pairs
from annotation.rules.reassigning import FOR_ANYONE, QUIET, UNTOUCHED

SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Recipient:
    membership: int
    who: str


@dataclass(frozen=True, kw_only=True)
class StuckPlace:
    slot: int
    latent: int
    """Its number in the sample, from 1; says nothing of what it stands for."""
    round: int
    who: str
    membership: int
    begun: bool
    """She has entered something; otherwise it is kept for her, untouched."""
    since: datetime
    held: bool
    """It is with her or kept for her; otherwise it is free again, and only her draft is left."""
    may_move: bool
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, kw_only=True)
class _Found:
    slot: Slot
    rater: int
    begun: bool
    since: datetime


def stuck_places(
    study: Study, raters: Iterable[Membership], *, named: bool, now: datetime, without: int = 0
) -> tuple[StuckPlace, ...]:
    """Of these raters, longest untouched first, at most fifty. The same number of statements however many they are.

    named: whether rows carry names, or pseudonyms. without: a person whose own places are left out: what is kept for
    her may be a surprise.
    """
    members = {member.user_id: member for member in raters if member.withdrawn_at is None}
    people = [person for person in members if person != without]
    found = sorted([*_begun(study, people, now), *_kept(study, people, now)], key=lambda one: one.since)[:SHOWN]
    barred = barred_pairs({one.slot.latent_id for one in found})
    return tuple(_row(one, members, barred, named) for one in found)


def _begun(study: Study, people: list[int], now: datetime) -> list[_Found]:
    """Drafts left lying, with the place that each would fill. Three statements."""
    drafts = list(
        Draft.objects.filter(round__study=study, round__state=RoundState.OPEN, rater__in=people)
        .filter(saved_at__lt=now - QUIET)
        .order_by("saved_at")[: 4 * SHOWN]
    )
    latents = {draft.latent_id for draft in drafts}
    rated = set(Rating.objects.filter(latent__in=latents).values_list("round", "latent", "rater"))
    places: dict[tuple[int, int], list[Slot]] = {}
    unrated = Slot.objects.filter(latent__in=latents, round__study=study, round__state=RoundState.OPEN)
    for slot in unrated.exclude(state=SlotState.SUBMITTED).select_related("round", "latent").order_by("number"):
        places.setdefault((slot.round_id, slot.latent_id), []).append(slot)
    found = []
    for draft in drafts:
        if (draft.round_id, draft.latent_id, draft.rater_id) in rated:
            continue
        for slot in _place_of(draft, places.get((draft.round_id, draft.latent_id), [])):
            found.append(_Found(slot=slot, rater=draft.rater_id, begun=True, since=draft.saved_at))
    return found


def _place_of(draft: Draft, slots: list[Slot]) -> list[Slot]:
    """Hers, or else one that anybody may take; none where all are with others."""
    hers = [slot for slot in slots if draft.rater_id in (slot.rater_id, slot.reserved_for_id)]
    free = [slot for slot in slots if slot.state == SlotState.OPEN and slot.reserved_for_id is None]
    return [*hers, *free][:1]


def _kept(study: Study, people: list[int], now: datetime) -> list[_Found]:
    places = (
        Slot.objects.filter(round__study=study, round__state=RoundState.OPEN, state=SlotState.OPEN)
        .filter(reserved_for__in=people)
        .annotate(since=Coalesce("not_before", "round__opened_at"))
        .filter(since__lt=now - UNTOUCHED)
        .exclude(_has_draft())
        .select_related("round", "latent")
        .order_by("since", "pk")[:SHOWN]
    )
    return [
        _Found(slot=slot, rater=slot.reserved_for_id, begun=False, since=vars(slot)["since"])
        for slot in places
        if slot.reserved_for_id is not None
    ]


def _has_draft() -> Q:
    """Counted among those begun instead."""
    drafts = Draft.objects.filter(round=OuterRef("round"), latent=OuterRef("latent"), rater=OuterRef("reserved_for"))
    return Q(Exists(drafts))


def _row(found: _Found, members: dict[int, Membership], barred: frozenset[tuple[int, int]], named: bool) -> StuckPlace:
    slot, member = found.slot, members[found.rater]
    may_move = slot.round.kind in FOR_ANYONE
    return StuckPlace(
        slot=slot.pk,
        latent=slot.latent.position,
        round=slot.round.number,
        who=member.user.name if named else member.pseudonym,
        membership=member.pk,
        begun=found.begun,
        since=found.since,
        held=found.rater in (slot.rater_id, slot.reserved_for_id),
        may_move=may_move,
        recipients=tuple(
            Recipient(membership=other.pk, who=other.user.name if named else other.pseudonym)
            for other in members.values()
            if may_move and _may_take(slot, other, barred, holder=found.rater)
        ),
    )


def _may_take(slot: Slot, other: Membership, barred: frozenset[tuple[int, int]], *, holder: int) -> bool:
    if slot.institution_id is not None and slot.institution_id != other.institution_id:
        return False
    kept_for_her = slot.reserved_for_id == other.user_id
    return not kept_for_her and (other.user_id == holder or (slot.latent_id, other.user_id) not in barred)
