"""Whether a thing is in a state that allows the wish."""

from datetime import datetime

from annotation.enums import CaseState, RoundState, RunState, SlotState
from annotation.models import Case, Round, Slot, Study
from annotation.rules.refusal import Refused


def check_round_open(round_: Round) -> None:
    if round_.state == RoundState.CLOSED:
        raise Refused("This round is closed: no more ratings are taken. Thank you for your part in it.")
    if round_.state == RoundState.DRAFT:
        raise Refused("This round is not open yet. Its researcher opens it.")


def check_run_finished(study: Study) -> None:
    if study.run is None:
        raise Refused("The study has no mining run yet. Request one on the study page.")
    if study.run.state == RunState.FAILED:
        raise Refused(f"The mining run failed: {study.run.failure}")
    if study.run.state != RunState.FINISHED:
        raise Refused("The mining run has not finished. Wait until its progress bar is full.")


def check_lease(slot: Slot, *, rater_id: int, now: datetime) -> None:
    """Raises Refused where the slot is not the rater's at this moment."""
    if slot.state == SlotState.SUBMITTED and slot.rater_id == rater_id:
        raise Refused("You have rated this latent already. Your first rating is kept; the next latent is waiting.")
    if slot.rater_id != rater_id or slot.lease_expires_at is None:
        raise Refused("This latent is no longer reserved for you: the time for it had run out.")
    if slot.lease_expires_at < now:
        raise Refused("The time reserved for this latent has run out.")


def check_case_open(case: Case) -> None:
    if case.state != CaseState.OPEN:
        raise Refused("This case has been decided already. The queue shows what still waits.")
