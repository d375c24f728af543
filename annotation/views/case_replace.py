"""A signed decision is superseded by a new signed one: the same form, with the reason for it."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from annotation.actions.deciding import supersede_decision
from annotation.enums import CaseKind, CaseState, Role
from annotation.models import Decision
from annotation.queries.case_sheet import CaseSheet, case_sheet
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.case_form import CaseForm, form_of, read_case_form
from annotation.views.case_signing import Signing, problems_of, review_page, sign_with
from annotation.views.see_other import see_other


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.ADJUDICATOR)
def replace(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """The decision in force, to be changed; POST reviews the new one, and then signs it."""
    sheet = case_sheet(study=place.study, pk=pk, user=place.user, roles=place.roles)
    current = _current(place, sheet)
    if request.method != "POST":
        return _page(request, place, sheet, _begun(sheet, current))
    form, step = read_case_form(request.POST.dict()), request.POST.get("step")
    if step == "edit":
        return _page(request, place, sheet, form)
    signing = Signing(sheet=sheet, form=form, address="replace_decision", supersedes=current)
    try:
        if step != "sign":
            return review_page(request, place, signing)
        shown = request.POST.get("shown", "")
        sign_with(
            request,
            place,
            lambda **proof: supersede_decision(decision=current, given=form.given, shown=shown, **proof),
        )
    except Refused as error:
        if step == "sign":
            return review_page(request, place, signing, problems=problems_of(error))
        return _page(request, place, sheet, form, problems=problems_of(error))
    messages.success(request, f"The decision on case {sheet.case.pk} is superseded. Both stay on record.")
    return see_other("case", place.study.slug, sheet.case.pk)


def _current(place: Place, sheet: CaseSheet) -> Decision:
    current = sheet.history.current
    if sheet.case.state != CaseState.DECIDED or current is None:
        raise Refused("This case is not decided yet, so that there is no decision to replace.")
    if sheet.conflict or (sheet.case.kind != CaseKind.FIRST and sheet.case.asks_id != place.user.pk):
        raise Refused("You have a part in this latent yourself, so that another adjudicator must decide it.")
    return current.decision


def _begun(sheet: CaseSheet, current: Decision) -> CaseForm:
    """What she had begun to write in place of this very decision, else what it says."""
    if sheet.draft and sheet.draft.answers.get("replaces") == str(current.pk):
        return read_case_form(sheet.draft.answers)
    return form_of(current)


def _page(
    request: HttpRequest, place: Place, sheet: CaseSheet, form: CaseForm, *, problems: dict[str, str] | None = None
) -> HttpResponse:
    context = {
        **place.context,
        "sheet": sheet,
        "case": sheet.case,
        "form": form,
        "problems": problems or {},
        "replacing": sheet.history.current,
        "suggestions": [{"value": term.value, "note": term.note} for term in sheet.suggestions],
        "breadcrumbs": breadcrumbs(place, ("Cases", "cases"), (f"Case {sheet.case.pk}: a new decision", "")),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "cases/case.html", context, status=status)
