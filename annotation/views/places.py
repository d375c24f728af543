"""Places: what was left lying and who may have it instead, and how places are spread over institutions."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.actions.moving_places import move_places
from annotation.actions.reassigning import give, take_back
from annotation.enums import Role
from annotation.models import Institution
from annotation.queries.membership_totals import institutions_coordinated
from annotation.queries.place_quotas import place_quotas
from annotation.queries.stuck_places import stuck_places
from annotation.rules.looking_after import looked_after
from annotation.rules.refusal import NotYours, Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.rater_page import find_rater
from annotation.views.see_other import see_other

MOST_DIGITS = 9


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def places(request: HttpRequest, place: Place) -> HttpResponse:
    """GET lists; POST takes a place back (`take_back`), gives it (`give`, `to`), or moves free ones (`move`)."""
    if request.method != "POST":
        return _page(request, place)
    try:
        said = _do(request.POST, place)
    except NotYours:
        raise
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, said)
    return see_other("places", place.study.slug)


def _do(form: QueryDict, place: Place) -> str:
    now, study = timezone.now(), place.study
    if "take_back" in form:
        take_back(study=study, slot_id=_number(form, "take_back"), by=place.user, now=now)
        return "The place is free again. Whoever comes next may take it."
    if "give" in form:
        to = find_rater(place, _number(form, "to"))
        give(study=study, slot_id=_number(form, "give"), to=to.member, by=place.user, now=now)
        return f"The place is kept for {to.who}: it comes to her before anything else."
    source, target = _institution(place, form, "source"), _institution(place, form, "target")
    moved = move_places(
        study=study, source=source, target=target, number=_number(form, "number"), by=place.user, now=now
    )
    places = "1 place" if moved == 1 else f"{moved:,} places"
    return f"{places} moved from {source.name} to {target.name}."


def _number(form: QueryDict, name: str) -> int:
    text = form.get(name, "")
    if not text.isdecimal() or len(text) > MOST_DIGITS:
        raise Refused("Something is missing in the form. Choose again.")
    return int(text)


def _institution(place: Place, form: QueryDict, name: str) -> Institution:
    taking_part = Institution.objects.filter(membership__study=place.study).distinct()
    found = taking_part.filter(pk=_number(form, name)).first()
    if found is None:
        raise Refused("Choose two institutions that take part in the study.")
    return found


def _page(request: HttpRequest, place: Place) -> HttpResponse:
    directs = Role.RESEARCHER in place.roles
    own = None if directs else institutions_coordinated(place.user, place.study)
    raters = looked_after(place.user, place.study).select_related("user", "institution").order_by("pseudonym")
    context: dict[str, Any] = {
        "stuck": stuck_places(
            place.study, raters, named=not directs, now=timezone.now(), without=0 if directs else place.user.pk
        ),
        "quotas": place_quotas(place.study, institutions=own),
        "directs": directs,
        "breadcrumbs": breadcrumbs(place, ("People", "people"), ("Places", "places")),
    }
    return render(request, "people/places.html", {**place.context, **context})
