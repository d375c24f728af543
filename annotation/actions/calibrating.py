"""Asks raters for the calibration sets, judges them, and lets through whom her coordinator vouches for."""

import hashlib
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from annotation.actions import audit
from annotation.actions.rounds import start_round
from annotation.enums import AuditVerb, Role, RoundKind, RoundState
from annotation.models import AuditEvent, Membership, Round, SampledLatent, Slot, Study, User
from annotation.queries.calibration_result import set_verdict
from annotation.queries.calibration_sets import calibration_sets
from annotation.queries.calibration_standing import calibration_standing, for_rater
from annotation.rules.calibration import SETS, CalibrationState, Verdict
from annotation.rules.membership import check_entry, check_researcher
from annotation.rules.refusal import NotYours, Refused

TURNS = 2**31
REASON_LIMIT = 500


@transaction.atomic
def open_calibration(*, study: Study, set_number: int, by: User | None, now: datetime) -> Round:
    """From now on raters who have not passed are asked for this set first. Its references are fixed.

    Raises Refused if the set is not drawn, open or closed already, or a latent of it has no reference.
    """
    check_researcher(by, study)
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    found = next((one for one in calibration_sets(study) if one.number == set_number), None)
    if found is None:
        raise Refused("The study has no such calibration set. Draw the sets on the Calibration page.")
    if found.round:
        raise Refused(f"Calibration set {set_number} has been opened already.")
    if not found.complete:
        raise Refused(
            f"{found.referenced} of the {len(found.latents)} latents of calibration set {set_number} have a reference. "
            "The panel sets the others on the References page; then the set can be opened."
        )
    round_ = start_round(study=study, kind=RoundKind.CALIBRATION, calibration_set=set_number, now=now)
    audit.record(AuditVerb.ROUND_OPENED, round_, by=by, now=now, study=study, calibration_set=set_number)
    return round_


def lay_places(*, study: Study, membership: Membership, now: datetime) -> Round | None:
    """The open round of the set that is due to her, with a place of hers on each latent that is left; None if none is.

    Running it again adds nothing. A set that she finished without a rating, by declining its last latent, is judged.
    """
    if membership.calibrated_at is None:
        for number in SETS:  # Each for itself: a verdict is in the audit before the round is locked.
            judge(study=study, membership=membership, set_number=number, now=now)
        membership.refresh_from_db(fields=["calibrated_at"])
    due = calibration_standing(membership)
    return _lay_due(study, membership, due.set) if due.state == CalibrationState.DUE else None


@transaction.atomic
def _lay_due(study: Study, membership: Membership, set_number: int) -> Round | None:
    """None if the round was closed meanwhile."""
    # One at a time a round: places are numbered through.
    asked = Round.objects.filter(study=study, kind=RoundKind.CALIBRATION, calibration_set=set_number)
    round_ = asked.filter(state=RoundState.OPEN).select_for_update(no_key=True).first()
    if round_ is None:
        return None
    missing = list(
        for_rater(membership)
        .filter(calibration_set=set_number, done=False)
        .exclude(pk__in=Slot.objects.filter(round=round_, reserved_for=membership.user_id).values("latent"))
    )
    if missing:
        _lay(round_, missing, membership)
    return round_


def _lay(round_: Round, latents: list[SampledLatent], membership: Membership) -> None:
    numbers = dict(Slot.objects.filter(round=round_).values_list("latent").annotate(Max("number")).order_by())
    Slot.objects.bulk_create(
        Slot(
            round=round_,
            latent=latent,
            number=(numbers.get(latent.pk) or 0) + 1,
            reserved_for_id=membership.user_id,
            turn=_turn(round_, latent, membership),
        )
        for latent in latents
    )


def _turn(round_: Round, latent: SampledLatent, membership: Membership) -> int:
    """Each rater meets the set in an order of her own."""
    key = f"{round_.study.seed}:{round_.pk}:{latent.pk}:{membership.user_id}"
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % TURNS


def lock_before_judging(membership: Membership) -> Membership:
    """For an action that writes an event before it asks for the verdict (actions.audit says in which order)."""
    rows = Membership.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("study").get(pk=membership.pk)


@transaction.atomic
def judge(*, study: Study, membership: Membership, set_number: int, now: datetime) -> Verdict | None:
    """The verdict on a set, once she has answered or declined all of it; None before. Who passes is calibrated.

    Nothing is judged twice: a later call returns the verdict that stands.
    """
    membership = lock_before_judging(membership)
    left = for_rater(membership).filter(calibration_set=set_number)
    if not left.exists() or left.filter(done=False).exists():
        return None
    verdict = set_verdict(membership, set_number)
    if membership.calibrated_at is None and not _judged(membership, set_number):
        if verdict.passed:
            membership.calibrated_at = now
            membership.save(update_fields=["calibrated_at"])
        audit.record(
            AuditVerb.CALIBRATION_JUDGED,
            membership,
            by=None,
            now=now,
            study=study,
            calibration_set=set_number,
            passed=verdict.passed,
            score=round(verdict.score, 6),
            threshold=verdict.threshold,
            answers=verdict.answers,
        )
    return verdict


def _judged(membership: Membership, set_number: int) -> bool:
    return AuditEvent.objects.filter(
        study=membership.study_id,
        verb=AuditVerb.CALIBRATION_JUDGED,
        target=f"membership:{membership.pk}",
        detail__calibration_set=set_number,
    ).exists()


@transaction.atomic
def let_through(*, membership: Membership, reason: str, by: User, now: datetime) -> Membership:
    """Open the study's rounds to a rater who failed every set. Her answers stay in her consistency as they are.

    Raises NotYours for anyone but a coordinator of her institution and the researcher, Refused without a reason, for a
    rater who has not failed, and for herself.
    """
    study = membership.study
    _check_vouches(by, membership)
    membership = Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
    if not reason.strip():
        raise Refused("Say why she may rate without having passed: the reason is kept in the audit.")
    if calibration_standing(membership).state != CalibrationState.FAILED:
        raise Refused("Only a rater who did not pass any calibration set is let through.")
    membership.calibrated_at = now
    membership.save(update_fields=["calibrated_at"])
    audit.record(
        AuditVerb.RATER_LET_THROUGH, membership, by=by, now=now, study=study, reason=reason.strip()[:REASON_LIMIT]
    )
    return membership


def _check_vouches(by: User, rater: Membership) -> None:
    roles = check_entry(by, rater.study, Role.COORDINATOR, Role.RESEARCHER)
    mine = Membership.objects.filter(study=rater.study_id, user=by, role=Role.COORDINATOR)
    hers = Role.RESEARCHER in roles or mine.filter(institution=rater.institution_id).exists()
    if rater.role != Role.ANNOTATOR or not hers:
        raise NotYours("There is no such rater at your institution.")
    if by.pk == rater.user_id:
        raise Refused("You cannot let yourself through. Ask another coordinator or the study's researcher.")
