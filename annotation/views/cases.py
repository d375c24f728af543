"""The adjudicator's pages: the queue of persistently ambiguous latents, and one case with every opinion on it."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from annotation.actions.deciding import decide_case
from annotation.enums import CaseKind, CaseState, DecisionOutcome, Role
from annotation.models import User
from annotation.queries.adjudicator_consistency import adjudicator_consistency
from annotation.queries.case_queue import QueuedCase, Standing, case_queue
from annotation.queries.case_sheet import CaseSheet, case_sheet
from annotation.queries.second_adjudicators import second_adjudicators
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.case_form import CaseForm, read_case_form
from annotation.views.case_signing import Signing, problems_of, review_page, sign_with
from annotation.views.see_other import see_other

ROWS = 50


@never_cache
@require_safe
@in_study(Role.ADJUDICATOR, Role.RESEARCHER)
def cases(request: HttpRequest, place: Place) -> HttpResponse:
    """Open cases, the next one first, and those that are decided."""
    queue = case_queue(study=place.study, user=place.user, roles=place.roles, now=timezone.now())
    waiting = [entry for entry in queue if entry.standing == Standing.WAITS]
    decided = Paginator([entry for entry in queue if entry.standing == Standing.DECIDED], ROWS)
    directs = Role.RESEARCHER in place.roles
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Cases", "")),
        "waiting": waiting[:ROWS],
        "more_waiting": max(0, len(waiting) - ROWS),
        "waiting_count": len(waiting),
        "others": _others(queue),
        "decided": decided.get_page(request.GET.get("page")),
        "next": waiting[0] if waiting else None,
        "decides": _decides(place),
        # What she decided is not spread out before her who may be asked again.
        "tells_decisions": not _decides(place),
        "steadiness": adjudicator_consistency(place.study, viewer=place.user) if directs else (),
        "directs": directs,
    }
    return render(request, "cases/queue.html", context)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.ADJUDICATOR, Role.RESEARCHER)
def case(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """One case; POST reviews what she decides, and then signs it. A researcher who does not adjudicate reads only."""
    sheet = case_sheet(study=place.study, pk=pk, user=place.user, roles=place.roles)
    if request.method != "POST":
        return case_page(request, place, sheet)
    if not may_decide(place, sheet):
        return _refused(request, place, sheet)
    form, step = read_case_form(request.POST.dict()), request.POST.get("step")
    if step == "edit":
        return case_page(request, place, sheet, form)
    signing = Signing(sheet=sheet, form=form, address="case", seconds=_seconds(place, sheet, opinion=True))
    try:
        if step != "sign":
            return review_page(request, place, signing)
        _sign(request, place, sheet, form)
    except Refused as error:
        sheet.case.refresh_from_db()
        if sheet.case.state != CaseState.OPEN:
            say_refusal(request, error)
            return see_other("cases", place.study.slug)
        if step == "sign":
            return review_page(request, place, signing, problems=problems_of(error))
        return case_page(request, place, sheet, form, problems=problems_of(error))
    messages.success(request, _signed(sheet, form))
    return see_other("cases", place.study.slug)


def case_page(
    request: HttpRequest,
    place: Place,
    sheet: CaseSheet,
    form: CaseForm | None = None,
    *,
    problems: dict[str, str] | None = None,
    step: str = "",
    step_fields: dict[str, str] | None = None,
) -> HttpResponse:
    """The case with its form as she left it. step: which of the smaller forms was refused, with what it held."""
    if form is None:
        form = read_case_form(sheet.draft.answers) if sheet.draft else CaseForm()
    decides = may_decide(place, sheet)
    context: dict[str, Any] = {
        **place.context,
        "sheet": sheet,
        "case": sheet.case,
        "form": form,
        "problems": (problems or {}) if not step else {},
        "step": step,
        "step_problems": (problems or {}) if step else {},
        "step_fields": step_fields or {},
        "suggestions": [{"value": term.value, "note": term.note} for term in sheet.suggestions],
        "decides": decides,
        "seconds": _seconds(place, sheet, opinion=False) if decides else [],
        "may_give_back": _may_give_back(place, sheet),
        "replaces": sheet.case.state == CaseState.DECIDED and _may_replace(place, sheet),
        "deferred": sheet.case.deferred_until is not None and sheet.case.deferred_until > timezone.now(),
        "tomorrow": timezone.localdate() + timedelta(days=1),
        "to_concepts": _to_concepts(sheet),
        "breadcrumbs": breadcrumbs(place, ("Cases", "cases"), (f"Case {sheet.case.pk}", "")),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "cases/case.html", context, status=status)


def may_decide(place: Place, sheet: CaseSheet) -> bool:
    """Whether the case is open and hers to decide."""
    free = sheet.case.asks_id in (None, place.user.pk)
    return _decides(place) and sheet.case.state == CaseState.OPEN and free and not sheet.conflict


def _may_replace(place: Place, sheet: CaseSheet) -> bool:
    hers = sheet.case.kind == CaseKind.FIRST or sheet.case.asks_id == place.user.pk
    return _decides(place) and hers and not sheet.conflict


def _may_give_back(place: Place, sheet: CaseSheet) -> bool:
    """Only a case that was handed over: a second opinion or a repeat looks like any case, and is handed on instead."""
    case = sheet.case
    asked = case.kind == CaseKind.FIRST and case.asks_id is not None and case.state == CaseState.OPEN
    return asked and (case.asks_id == place.user.pk or Role.RESEARCHER in place.roles)


def _seconds(place: Place, sheet: CaseSheet, *, opinion: bool) -> list[User]:
    return second_adjudicators(sheet.case, by=place.user, opinion=opinion)


def _sign(request: HttpRequest, place: Place, sheet: CaseSheet, form: CaseForm) -> None:
    seconds = {str(one.pk): one for one in _seconds(place, sheet, opinion=True)}
    second = request.POST.get("second", "")
    if second and second not in seconds:
        raise Refused("The adjudicator whom you chose for a second opinion cannot give one any more. Choose again.")

    def decide(**proof: Any) -> None:
        decide_case(
            case=sheet.case,
            given=form.given,
            shown=request.POST.get("shown", ""),
            second=seconds.get(second),
            second_reason=request.POST.get("second_reason", ""),
            **proof,
        )

    sign_with(request, place, decide)


def _refused(request: HttpRequest, place: Place, sheet: CaseSheet) -> HttpResponse:
    """What she sent cannot be taken: the sentence why, on the queue."""
    sentence = "This case has been decided already. The queue shows what still waits."
    if sheet.case.state == CaseState.OPEN:
        sentence = "This case is not yours to decide."
    say_refusal(request, Refused(sentence))
    return see_other("cases", place.study.slug)


def _signed(sheet: CaseSheet, form: CaseForm) -> str:
    done = f"Case {sheet.case.pk} is decided and signed. The ratings stay as they are, beside your decision."
    if form.outcome == DecisionOutcome.SPLIT:
        done += " What is to be split or merged, the researcher does on the Concepts page."
    return done


def _to_concepts(sheet: CaseSheet) -> bool:
    current = sheet.history.current
    return current is not None and current.decision.outcome == DecisionOutcome.SPLIT


def _others(queue: tuple[QueuedCase, ...]) -> list[QueuedCase]:
    kept = (Standing.DEFERRED, Standing.ELSEWHERE, Standing.OWN, Standing.LATER)
    return [entry for entry in queue if entry.standing in kept][:ROWS]


def _decides(place: Place) -> bool:
    return Role.ADJUDICATOR in place.roles
