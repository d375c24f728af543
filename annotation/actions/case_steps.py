"""Defers a case, hands it to a second adjudicator, gives it back: who decides, and when, without deciding."""

from datetime import datetime

from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb, CaseKind, CaseState, CaseStepKind, Role
from annotation.models import Case, CaseDraft, CaseStep, User
from annotation.queries.case_conflicts import check_no_conflict
from annotation.queries.second_adjudicators import check_may_be_asked
from annotation.rules.decision import check_deferral, check_reason
from annotation.rules.membership import can, check_role
from annotation.rules.refusal import Refused
from annotation.rules.states import check_case_open


@transaction.atomic
def defer_case(*, case: Case, until: datetime | None, reason: str, by: User, now: datetime) -> Case:
    """Put it off until that moment, for every adjudicator. Who takes it up before may decide it all the same.

    Raises Incomplete with a sentence a field, Refused where she may not decide it.
    """
    case = _hers_and_open(case, by)
    moment = check_deferral(until, now=now)
    why = check_reason(reason, missing="Say why it can wait: whoever opens the queue reads it.")
    CaseStep.objects.create(case=case, kind=CaseStepKind.DEFERRED, by=by, at=now, reason=why, until=moment)
    case.deferred_until = moment
    case.save(update_fields=["deferred_until"])
    audit.record(AuditVerb.CASE_DEFERRED, case, by=by, now=now, study=case.study, until=moment.isoformat())
    return case


@transaction.atomic
def hand_over_case(*, case: Case, to: User, reason: str, by: User, now: datetime) -> Case:
    """Let another adjudicator decide it alone, who reads neither who handed it over nor why before she has signed.

    Raises Incomplete without a reason, Refused where `to` may not decide it: she rated the latent or set its reference.
    """
    case = _hers_and_open(case, by)
    check_may_be_asked(to, case=case, by=by, opinion=False)
    why = check_reason(reason, missing="Say why you hand it over. Only the researcher reads it before it is decided.")
    CaseStep.objects.create(case=case, kind=CaseStepKind.HANDED_OVER, by=by, at=now, reason=why, to=to)
    if case.kind == CaseKind.FIRST:
        case.asks, case.deferred_until = to, None
        case.save(update_fields=["asks", "deferred_until"])
    else:  # Only she was asked: it is over without an answer.
        _end(case)
    CaseDraft.objects.filter(case=case).delete()
    audit.record(AuditVerb.CASE_HANDED_OVER, case, by=by, now=now, study=case.study, to=to.pk, kind=case.kind)
    return case


@transaction.atomic
def give_back_case(*, case: Case, reason: str, by: User, now: datetime) -> Case:
    """She whom it asks, or the researcher, gives it back: to the queue of all, or, where only she was asked, for good.

    Raises Refused for anyone else, and where it is with nobody in particular.
    """
    check_role(by, case.study, Role.ADJUDICATOR, Role.RESEARCHER)
    case = _locked(case)
    check_case_open(case)
    if case.asks_id is None:
        raise Refused("This case is with nobody in particular: any adjudicator may decide it.")
    if case.asks_id != by.pk and not can(by, case.study, Role.RESEARCHER):
        raise Refused("This case is with another adjudicator. She, or the researcher, can give it back.")
    why = check_reason(reason, missing="Say why it is given back.")
    CaseStep.objects.create(case=case, kind=CaseStepKind.GIVEN_BACK, by=by, at=now, reason=why)
    if case.kind == CaseKind.FIRST:
        case.asks, case.deferred_until = None, None
        case.save(update_fields=["asks", "deferred_until"])
    else:
        _end(case)
    audit.record(AuditVerb.CASE_GIVEN_BACK, case, by=by, now=now, study=case.study, kind=case.kind)
    return case


def _hers_and_open(case: Case, by: User) -> Case:
    check_role(by, case.study, Role.ADJUDICATOR)
    case = _locked(case)
    check_case_open(case)
    check_no_conflict(case, by)
    if case.asks_id not in (None, by.pk):
        raise Refused("This case is with another adjudicator, who decides it.")
    return case


def _locked(case: Case) -> Case:
    return Case.everything.select_for_update(of=("self",), no_key=True).select_related("study").get(pk=case.pk)


def _end(case: Case) -> None:
    case.state = CaseState.GIVEN_BACK
    case.save(update_fields=["state"])
