"""The adjudicator's pages: the queue of persistently ambiguous latents, and one case with every opinion on it."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotation.actions.cases import decide_case
from annotation.enums import CaseState, Role
from annotation.queries.case_queue import Standing, case_queue
from annotation.queries.case_sheet import CaseSheet, case_sheet
from annotation.rules.answers import Incomplete
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.case_form import CaseForm, read_case_form
from annotation.views.see_other import see_other


@never_cache
@require_safe
@in_study(Role.ADJUDICATOR, Role.RESEARCHER)
def cases(request: HttpRequest, place: Place) -> HttpResponse:
    """Open cases, the next one first, and those that are decided."""
    queue = case_queue(study=place.study, user=place.user, roles=place.roles)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Cases", "")),
        "open_cases": [entry for entry in queue if entry.standing != Standing.DECIDED],
        "decided_cases": [entry for entry in queue if entry.standing == Standing.DECIDED],
        "next": next((entry for entry in queue if entry.standing == Standing.WAITS), None),
        "decides": _decides(place),
    }
    return render(request, "cases/queue.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.ADJUDICATOR, Role.RESEARCHER)
def case(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """One case; POST decides it. A researcher who does not adjudicate reads only."""
    sheet = case_sheet(study=place.study, pk=pk, user=place.user, roles=place.roles)
    if request.method == "POST":
        return _decide(request, place, sheet)
    return _page(request, place, sheet, CaseForm())


def _decide(request: HttpRequest, place: Place, sheet: CaseSheet) -> HttpResponse:
    form = read_case_form(request.POST)
    try:
        decide_case(
            case=sheet.case,
            outcome=form.outcome,
            concept=form.concept,
            cause=form.cause,
            rationale=form.rationale,
            rubric_needs_clause=form.rubric_needs_clause,
            by=place.user,
            now=timezone.now(),
        )
    except Refused as error:
        sheet.case.refresh_from_db(fields=["state"])
        if sheet.case.state == CaseState.OPEN and _decides(place):
            return _page(request, place, sheet, form, problems=_problems(error))
        say_refusal(request, error)
    else:
        messages.success(
            request, f"Case {sheet.case.pk} is decided. The ratings stay as they are, beside your decision."
        )
    return see_other("cases", place.study.slug)


def _page(
    request: HttpRequest, place: Place, sheet: CaseSheet, form: CaseForm, *, problems: dict[str, str] | None = None
) -> HttpResponse:
    context = {
        **place.context,
        "sheet": sheet,
        "case": sheet.case,
        "form": form,
        "problems": problems or {},
        "suggestions": [{"value": term.value, "note": term.note} for term in sheet.suggestions],
        "decides": _decides(place) and sheet.case.state == CaseState.OPEN,
        "breadcrumbs": breadcrumbs(place, ("Cases", "cases"), (f"Case {sheet.case.pk}", "")),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "cases/case.html", context, status=status)


def _problems(error: Refused) -> dict[str, str]:
    """A sentence a field; what belongs to no field stands at the top of the form."""
    return error.problems if isinstance(error, Incomplete) else {"form": str(error)}


def _decides(place: Place) -> bool:
    return Role.ADJUDICATOR in place.roles
