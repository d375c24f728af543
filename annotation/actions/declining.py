"""Takes a latent back from a rater whose field it is not. It counts against nobody, and does not come to her again."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from annotation.actions import audit
from annotation.actions.calibrating import judge, lock_before_judging
from annotation.actions.claiming import one_window_at_a_time
from annotation.actions.tickets import Ticket
from annotation.enums import AuditVerb, Role, SlotState
from annotation.models import Decline, Draft, Rating, Round, Slot, User
from annotation.rules.handing_out import FIRST_LOOK
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused
from annotation.rules.states import check_round_open


@transaction.atomic
def decline(*, ticket: Ticket, by: User, now: datetime) -> Decline:
    """Free her place, drop her draft, remember that she declined. The same ticket again returns the same row.

    A place that was kept for her in a round of first looks is anyone's then; one that only she can take (a retest, a
    calibration item) is gone. Raises Refused once she has rated the latent in this round, or when the round is closed.
    """
    # The slot first, as a submit does: whichever comes second sees what the first has done.
    Slot.objects.select_for_update(no_key=True).filter(pk=ticket.slot).first()
    round_ = Round.objects.select_related("study").get(pk=ticket.round)
    membership = check_role(by, round_.study, Role.ANNOTATOR)
    check_round_open(round_)
    if Rating.objects.filter(latent=ticket.latent, round=round_, rater=by).exists():
        raise Refused("You have rated this latent already: there is nothing to give back. The next latent is waiting.")
    _give_back(ticket.latent, by)
    Draft.objects.filter(latent=ticket.latent, rater=by).delete()
    # A claim of hers that began before this is seen would take the place again in the moment in which it comes free.
    one_window_at_a_time(by)
    stored, new = Decline.objects.get_or_create(
        latent_id=ticket.latent, rater=by, defaults={"round": round_, "declined_at": now}
    )
    if round_.calibration_set is not None:
        lock_before_judging(membership)
    if new:
        audit.record(AuditVerb.LATENT_DECLINED, stored, by=by, now=now, study=round_.study, round=round_.number)
    if round_.calibration_set is not None:
        judge(study=round_.study, membership=membership, set_number=round_.calibration_set, now=now)
    return stored


def _give_back(latent: int, by: User) -> None:
    """Every place of hers on the latent that is not rated."""
    hers = Slot.objects.filter(Q(rater=by) | Q(reserved_for=by), latent=latent).exclude(state=SlotState.SUBMITTED)
    found = list(hers.select_for_update().order_by("pk").values_list("pk", "round__kind"))
    for_others = [pk for pk, kind in found if kind in FIRST_LOOK]
    Slot.objects.filter(pk__in=for_others).update(
        state=SlotState.OPEN, rater=None, lease_token=None, lease_expires_at=None, reserved_for=None, not_before=None
    )
    Slot.objects.filter(pk__in=[pk for pk, _ in found]).exclude(pk__in=for_others).delete()
