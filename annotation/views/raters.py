"""One rater, for who looks after her: how far she is, what comes next, a reminder, her leaving."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation.actions.reminding import remind
from annotation.actions.withdrawing import withdraw
from annotation.enums import Role
from annotation.queries.hours import statements_of
from annotation.queries.membership_totals import institutions_coordinated
from annotation.queries.people_list import rater_rows
from annotation.queries.withheld import ratings_of
from annotation.rules.refusal import NotYours, Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.rater_page import find_rater
from annotation.views.see_other import see_other


@never_cache
@require_safe
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def rater(request: HttpRequest, place: Place, membership: int) -> HttpResponse:
    """Everything that may be known of her work, and never a rating."""
    found = find_rater(place, membership)
    own = institutions_coordinated(place.user, place.study) if found.named else None
    rows = rater_rows(place.study, by=place.user, now=timezone.now(), institutions=own)
    context = {
        "rater": next(row for row in rows if row.membership == membership),
        "named": found.named,
        "statements": statements_of(found.member),
        "breadcrumbs": breadcrumbs(place, ("People", "people"), (found.who, "")),
    }
    return render(request, "people/rater.html", {**place.context, **context})


@require_POST
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def remind_rater(request: HttpRequest, place: Place, membership: int) -> HttpResponse:
    """One e-mail to her."""
    found = find_rater(place, membership)
    try:
        remind(membership=found.member, by=place.user, now=timezone.now())
    except NotYours:
        raise
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"An e-mail went to {found.who}: how many latents wait for her, and a link.")
    if "back" in request.POST:
        return see_other("rater", place.study.slug, membership)
    return see_other("people", place.study.slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def withdraw_rater(request: HttpRequest, place: Place, membership: int) -> HttpResponse:
    """At her word: GET says what it means, POST does it."""
    found = find_rater(place, membership)
    if request.method != "POST":
        context = {
            "who": found.who,
            "ratings": ratings_of(found.member),
            "membership": membership,
            "breadcrumbs": breadcrumbs(place, ("People", "people"), (found.who, ""), ("Withdraw", "")),
        }
        return render(request, "people/withdraw.html", {**place.context, **context})
    if "sure" not in request.POST:
        messages.error(request, "Nothing was done: tick that she asked for it.")
        return see_other("withdraw_rater", place.study.slug, membership)
    withdraw(membership=found.member, by=place.user, now=timezone.now())
    messages.success(request, f"{found.who} has withdrawn from {place.study.name}.")
    return see_other("people", place.study.slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.ANNOTATOR)
def withdraw_myself(request: HttpRequest, place: Place) -> HttpResponse:
    """A rater leaves: GET says what it means, POST does it."""
    mine = place.user.memberships.select_related("study").get(study=place.study, role=Role.ANNOTATOR)
    if request.method != "POST":
        context = {"ratings": ratings_of(mine), "breadcrumbs": breadcrumbs(place, ("Withdraw", ""))}
        return render(request, "account/withdraw.html", {**place.context, **context})
    if "sure" not in request.POST:
        messages.error(request, "Nothing was done: tick that you are sure.")
        return see_other("withdraw", place.study.slug)
    withdraw(membership=mine, by=place.user, now=timezone.now())
    messages.success(request, f"You have withdrawn from {place.study.name}. Thank you for your part in it.")
    return see_other("account")
