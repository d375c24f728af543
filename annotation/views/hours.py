"""Statements of hours: chosen days, the figures of a rater, a coordinator's signature, a page to print and a file."""

import csv
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotation.actions.signing_hours import sign_hours
from annotation.enums import Role
from annotation.models import HoursStatement
from annotation.queries.hours import amount, hours, statements_of
from annotation.rules.hours import check_period, in_words
from annotation.rules.looking_after import looked_after, may_sign
from annotation.rules.refusal import NotYours, Refused
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.rater_page import Rater, find_rater
from annotation.views.see_other import see_other

DAY = {"type": "date", "class": "input"}
COLUMNS = (
    *("study", "rater", "institution", "first_day", "last_day", "ratings", "readings", "active_seconds"),
    *("not_counted", "hourly_rate", "currency", "amount", "signed_by", "signed_at"),
)


class PeriodForm(forms.Form):
    first_day = forms.DateField(label="First day", widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"))
    last_day = forms.DateField(label="Last day", widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def rater_hours(request: HttpRequest, place: Place, membership: int) -> HttpResponse:
    """GET shows the figures of the chosen days, last month's to begin with; POST signs them."""
    found = find_rater(place, membership)
    given = request.POST if request.method == "POST" else request.GET
    form = PeriodForm(given if "first_day" in given or request.method == "POST" else _last_month())
    if not form.is_valid():
        return _page(request, place, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    days = form.cleaned_data
    if request.method != "POST":
        return _page(request, place, found, form)
    try:
        statement = sign_hours(membership=found.member, by=place.user, now=timezone.now(), **days)
    except NotYours:
        raise
    except Refused as error:
        form.add_error(None, str(error))
        return _page(request, place, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, "The statement is signed. It stays as it is; signing the same days again corrects it.")
    return see_other("hours_statement", place.study.slug, statement.pk)


@never_cache
@require_safe
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def statement(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """A signed statement, to be printed."""
    found, rater = _statement(place, pk)
    context = {
        "statement": found,
        "who": rater.who,
        "days": in_words(found.first_day, found.last_day),
        "amount": amount(found.seconds, found),
        "newer": found.membership.hours.filter(
            first_day=found.first_day, last_day=found.last_day, pk__gt=found.pk
        ).exists(),
        "breadcrumbs": breadcrumbs(place, ("People", "people"), (rater.who, ""), ("Hours", "")),
    }
    return render(request, "people/statement.html", {**place.context, **context})


@never_cache
@require_safe
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def statement_file(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """The same as CSV: a head and one row."""
    found, rater = _statement(place, pk)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    # Neither name nor pseudonym: the one says who worked, the other would tell her ratings in a release.
    name = f"{place.study.slug}-hours-{found.pk}-{found.first_day}-{found.last_day}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    worth = amount(found.seconds, found)
    writer = csv.writer(response)
    writer.writerow(COLUMNS)
    institution = found.membership.institution.name if found.membership.institution else ""
    signed_by = found.signed_by.name
    figures = (found.first_day, found.last_day, found.ratings, found.readings, round(found.seconds), found.uncounted)
    pay = (found.hourly_rate, found.currency, worth) if worth is not None else ("", "", "")
    signed_at = timezone.localtime(found.signed_at).isoformat(timespec="minutes")
    texts = (_cell(place.study.name), _cell(rater.who), _cell(institution))
    writer.writerow((*texts, *figures, *pay, _cell(signed_by), signed_at))
    return response


def _cell(text: str) -> str:
    """A spreadsheet takes a text that begins with one of these for a formula, and people choose their names."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _statement(place: Place, pk: int) -> tuple[HoursStatement, Rater]:
    mine = looked_after(place.user, place.study)
    found = HoursStatement.objects.filter(pk=pk, membership__in=mine)
    one = found.select_related("membership__institution", "membership__user", "signed_by").first()
    if one is None:
        raise NotYours("There is no such statement among yours.")
    return one, find_rater(place, one.membership_id)


def _last_month() -> dict[str, date]:
    last = timezone.localdate().replace(day=1) - timedelta(days=1)
    return {"first_day": last.replace(day=1), "last_day": last}


def _page(
    request: HttpRequest, place: Place, rater: Rater, form: PeriodForm, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "rater": rater,
        "statements": statements_of(rater.member),
        "may_sign": may_sign(place.user, rater.member),
        "breadcrumbs": breadcrumbs(place, ("People", "people"), (rater.who, ""), ("Hours", "")),
    }
    days = form.cleaned_data if form.is_bound and "last_day" in form.cleaned_data else {}
    if days.get("first_day") and days["first_day"] <= days["last_day"]:
        worked = hours(rater.member, first_day=days["first_day"], last_day=days["last_day"])
        context |= {
            "worked": worked,
            "days": in_words(worked.first_day, worked.last_day),
            "amount": amount(worked.seconds, place.study),
            "cannot": _cannot(days),
        }
    return render(request, "people/hours.html", {**place.context, **context}, status=status)


def _cannot(days: dict[str, date]) -> str:
    """Why these days cannot be signed yet; empty if they can."""
    try:
        check_period(days["first_day"], days["last_day"], today=timezone.localdate())
    except Refused as error:
        return str(error)
    return ""
