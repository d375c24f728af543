"""The page on which a decision is signed: its meaning in words, what it says, and the password again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from annotation.actions.case_drafts import save_case_draft
from annotation.actions.deciding import meaning_of
from annotation.actions.signing import prove_by_password
from annotation.models import Decision, User
from annotation.queries.case_sheet import CaseSheet
from annotation.queries.opinions import ratings_before_adjudicator
from annotation.rules.answers import Incomplete
from annotation.rules.decision import check_decision
from annotation.rules.refusal import Refused
from annotation.views.access import Place
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.case_form import CaseForm
from annotation.views.sign_in_limit import forget_failures, may_try, note_failure

TOO_MANY = "Too many tries with a wrong password. Wait a quarter of an hour; what you decided is kept as a draft."


@dataclass(frozen=True, kw_only=True)
class Signing:
    """A decision that is about to be signed."""

    sheet: CaseSheet
    form: CaseForm
    address: str
    """Name of the page that takes it."""
    seconds: list[User] = field(default_factory=list)
    """Whom a second opinion may be asked of."""
    supersedes: Decision | None = None


def review_page(
    request: HttpRequest, place: Place, signing: Signing, *, problems: dict[str, str] | None = None
) -> HttpResponse:
    """What she signs, in words. Her decision is kept as a draft meanwhile. Raises Incomplete if it is not complete."""
    sheet, form = signing.sheet, signing.form
    verdict = check_decision(form.given, supersedes=signing.supersedes is not None)
    answers = form.fields | ({"replaces": str(signing.supersedes.pk)} if signing.supersedes else {})
    save_case_draft(case=sheet.case, answers=answers, by=place.user, now=timezone.now())
    ratings = ratings_before_adjudicator(sheet.case.latent_id)
    action = reverse(signing.address, args=[place.study.slug, sheet.case.pk])
    context = {
        **place.context,
        "case": sheet.case,
        "verdict": verdict,
        "meaning": meaning_of(sheet.case, verdict, by=place.user, ratings=ratings, supersedes=signing.supersedes),
        "hidden": form.fields | {"shown": request.POST.get("shown", "")},
        "problems": problems or {},
        "action": action,
        "seconds": signing.seconds,
        "second": request.POST.get("second", ""),
        "second_reason": request.POST.get("second_reason", ""),
        "has_password": place.user.has_usable_password(),
        "account": f"{reverse('account')}?next={action}",
        "breadcrumbs": breadcrumbs(place, ("Cases", "cases"), (f"Case {sheet.case.pk}: sign", "")),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "cases/sign.html", context, status=status)


def sign_with(request: HttpRequest, place: Place, decide: Callable[..., Any]) -> None:
    """Check the password, ten tries a quarter of an hour, and call `decide` with the proof, by whom, and when."""
    name = f"signature of {place.user.pk}"
    if not may_try(request, name):
        raise Incomplete({"password": TOO_MANY})
    now = timezone.now()
    try:
        proof = prove_by_password(password=request.POST.get("password", ""), by=place.user, now=now)
    except Incomplete:
        note_failure(request, name)
        raise
    forget_failures(request, name)
    decide(proof=proof, by=place.user, now=now)


def problems_of(error: Refused) -> dict[str, str]:
    """A sentence a field; what belongs to no field stands at the top of the form."""
    return error.problems if isinstance(error, Incomplete) else {"form": str(error)}
