"""What an adjudicator does with a case without deciding it: defer it, hand it over, give it back."""

from collections.abc import Callable
from datetime import datetime, time

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from annotation.actions.case_steps import defer_case, give_back_case, hand_over_case
from annotation.enums import Role
from annotation.models import Case, User
from annotation.queries.case_sheet import case_sheet
from annotation.rules.answers import Incomplete
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study
from annotation.views.case_signing import problems_of
from annotation.views.cases import case_page
from annotation.views.see_other import see_other

MORNING = time(6)
"""Local time of the day that a case is deferred to."""


@never_cache
@require_POST
@in_study(Role.ADJUDICATOR)
def defer(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    def act(case: Case, reason: str) -> str:
        until = _morning(request.POST.get("until", ""))
        defer_case(case=case, until=until, reason=reason, by=place.user, now=timezone.now())
        assert until is not None  # Otherwise refused.
        return f"Case {case.pk} is deferred until {timezone.localtime(until):%-d %B %Y}."

    return _step(request, place, pk, "defer", act)


@never_cache
@require_POST
@in_study(Role.ADJUDICATOR)
def hand_over(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    def act(case: Case, reason: str) -> str:
        to = _person(request.POST.get("to", ""))
        hand_over_case(case=case, to=to, reason=reason, by=place.user, now=timezone.now())
        return f"Case {case.pk} is with {to.name} now, who does not learn from whom."

    return _step(request, place, pk, "hand_over", act)


@never_cache
@require_POST
@in_study(Role.ADJUDICATOR, Role.RESEARCHER)
def give_back(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    def act(case: Case, reason: str) -> str:
        give_back_case(case=case, reason=reason, by=place.user, now=timezone.now())
        return f"Case {case.pk} is back in the queue: any adjudicator may decide it."

    return _step(request, place, pk, "give_back", act)


def _step(request: HttpRequest, place: Place, pk: int, name: str, act: Callable[[Case, str], str]) -> HttpResponse:
    """Do it and go to the queue with the sentence; refused, the case stands as it was, with what she wrote."""
    sheet = case_sheet(study=place.study, pk=pk, user=place.user, roles=place.roles)
    try:
        done = act(sheet.case, request.POST.get("reason", ""))
    except Refused as error:
        fields = {field: request.POST.get(field, "") for field in ("reason", "until", "to")}
        return case_page(request, place, sheet, problems=problems_of(error), step=name, step_fields=fields)
    messages.success(request, done)
    return see_other("cases", place.study.slug)


def _morning(day: str) -> datetime | None:
    """The morning of that day; None where it is none."""
    try:
        found = parse_date(day)
    except ValueError:
        found = None
    return timezone.make_aware(datetime.combine(found, MORNING)) if found else None


def _person(pk: str) -> User:
    found = User.objects.filter(pk=pk).first() if pk.isascii() and pk.isdecimal() and len(pk) < 19 else None
    if found is None:
        raise Incomplete({"to": "Choose the adjudicator who is to decide it."})
    return found
