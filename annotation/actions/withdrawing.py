"""A rater leaves a study. What becomes of her ratings is what the study's consent says."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from annotation.actions import audit
from annotation.actions.recomputing import recompute_soon
from annotation.enums import AuditVerb, RoundKind, RoundState, SlotState, WithdrawalPolicy
from annotation.models import Draft, Membership, ReadingSlot, Slot, Study, User
from annotation.rules.withdrawing import check_withdrawal

FOR_ANYONE = (RoundKind.INDEPENDENT, RoundKind.EXTRA)
"""Kinds whose places another rater may take; a retest or a calibration item is hers alone."""
FREE = {"state": SlotState.OPEN, "lease_token": None, "lease_expires_at": None}


@transaction.atomic
def withdraw(*, membership: Membership, by: User, now: datetime) -> Membership:
    """Close the study to the rater, free her places, delete her drafts. Doing it again changes nothing.

    Her ratings stay, or leave results and releases, as the study's consent says; in the second case each place of an
    open round that she had filled is laid out once more. `by`: herself, or who looks after her, at her word.
    Raises NotYours or Refused for anyone else.
    """
    check_withdrawal(by, membership)
    study = Study.objects.select_for_update(no_key=True).get(pk=membership.study_id)
    _lock_places(study, membership.user_id)
    membership = Membership.objects.select_for_update(of=("self",)).select_related("user").get(pk=membership.pk)
    if membership.withdrawn_at:
        return membership
    membership.withdrawn_at = now
    membership.ratings_withheld = study.withdrawal == WithdrawalPolicy.WITHHOLD
    membership.save(update_fields=["withdrawn_at", "ratings_withheld"])
    freed = _free_places(study, membership.user)
    Draft.objects.filter(round__study=study, rater=membership.user).delete()
    replaced = _replace(study, membership.user) if membership.ratings_withheld else 0
    audit.record(
        AuditVerb.MEMBER_WITHDREW,
        membership,
        by=by,
        now=now,
        study=study,
        withheld=membership.ratings_withheld,
        freed=freed,
        replaced=replaced,
    )
    recompute_soon(study_id=study.pk)
    return membership


def _lock_places(study: Study, rater: int) -> None:
    """Before the membership, as a submit does (actions.audit): what she submits at this moment comes in first."""
    places = Slot.objects.filter(Q(rater=rater) | Q(reserved_for=rater), round__study=study)
    list(places.exclude(state=SlotState.SUBMITTED).select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def _free_places(study: Study, rater: User) -> int:
    """What she held or had kept for her goes back; what nobody else may take is gone."""
    places = Slot.objects.filter(round__study=study).exclude(state=SlotState.SUBMITTED)
    hers = places.filter(Q(rater=rater) | Q(reserved_for=rater))
    free = {"rater": None, "reserved_for": None, "not_before": None, **FREE}
    given_up = hers.filter(round__kind__in=FOR_ANYONE).update(**free)
    only_hers, _ = hers.exclude(round__kind__in=FOR_ANYONE).delete()
    read = ReadingSlot.objects.filter(round__study=study, reader=rater, state=SlotState.LEASED)
    return given_up + only_hers + read.update(reader=None, **FREE)


def _replace(study: Study, rater: User) -> int:
    """Another place, of the same institution, for each of hers in rounds that are open. Nobody reads her rationales."""
    ReadingSlot.objects.filter(round__study=study, rating__rater=rater, state=SlotState.OPEN).delete()
    rated = Slot.objects.filter(
        round__study=study,
        round__state=RoundState.OPEN,
        round__kind__in=FOR_ANYONE,
        rater=rater,
        state=SlotState.SUBMITTED,
    )
    again = [_another(slot) for slot in rated.order_by("pk")]
    Slot.objects.bulk_create(_numbered(again))
    return len(again)


def _another(slot: Slot) -> Slot:
    return Slot(
        round_id=slot.round_id,
        latent_id=slot.latent_id,
        institution_id=slot.institution_id,
        priority=slot.priority,
        turn=slot.turn,
    )


def _numbered(places: Iterable[Slot]) -> list[Slot]:
    """With numbers after the last that the latent has in the round."""
    places = list(places)
    taken: dict[tuple[int, int], int] = {}
    existing = Slot.objects.filter(
        round__in={place.round_id for place in places}, latent__in={place.latent_id for place in places}
    )
    for round_id, latent_id, number in existing.values_list("round", "latent", "number"):
        taken[round_id, latent_id] = max(number, taken.get((round_id, latent_id), 0))
    for place in places:
        key = (place.round_id, place.latent_id)
        taken[key] = place.number = taken.get(key, 0) + 1
    return places
