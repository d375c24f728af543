"""Releases: cut one, watch it being written, take its files away."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from annotation.actions.releasing import note_download, request_release
from annotation.actions.study_settings import change_study
from annotation.enums import ReleaseState, Role
from annotation.http.ranged_file import ranged_file
from annotation.models import Release
from annotation.queries.release_list import digest_of, next_release, path_of, release_card, release_cards
from annotation.queries.results import freshness
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs


@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def releases(request: HttpRequest, place: Place) -> HttpResponse:
    """GET lists them, newest first; POST cuts the next one."""
    _check_blinding(place)
    if request.method == "POST":
        return _cut(request, place)
    listed = place.study.releases.order_by("-number")
    context = {
        "next": next_release(place.study),
        "freshness": freshness(place.study),
        "cards": release_cards(listed),
        "breadcrumbs": breadcrumbs(place, ("Releases", "releases")),
    }
    return render(request, "releases/releases.html", {**place.context, **context})


@require_POST
@in_study(Role.RESEARCHER)
def without(request: HttpRequest, place: Place) -> HttpResponse:
    """Leave an attribute of raters out of the study's releases from now on."""
    left_out = request.POST.get("attribute", "")
    kept = [name for name in place.study.rater_attributes if name != left_out]
    try:
        change_study(study=place.study, settings={"rater_attributes": kept}, by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, "It is left out of releases from now on. The study’s settings bring it back.")
    return redirect("releases", place.study.slug)


@require_safe
@in_study(Role.RESEARCHER)
def release(request: HttpRequest, place: Place, number: int) -> HttpResponse:
    """One release's card, which asks for itself while it is being written; then the page comes anew."""
    _check_blinding(place)
    found = get_object_or_404(Release, study=place.study, number=number)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(reverse("releases", args=[place.study.slug]) + f"#release-{number}")
    if found.state != ReleaseState.BUILDING:
        return HttpResponseClientRefresh()
    return render(request, "releases/card.html", {"card": release_card(found), "study": place.study})


@require_safe
@in_study(Role.RESEARCHER)
def download(request: HttpRequest, place: Place, number: int, name: str) -> HttpResponseBase:
    """A file of the release, by one of the names that its manifest knows."""
    _check_blinding(place)
    found = get_object_or_404(Release, study=place.study, number=number)
    path = path_of(found, name)
    if path is None:
        raise Http404("This release has no such file.")
    if request.method == "GET":
        note_download(release=found, name=name, by=place.user, now=timezone.now())
    response = ranged_file(request, path, name=name, sha256=digest_of(found, name))
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-transform"
    return response


def _cut(request: HttpRequest, place: Place) -> HttpResponse:
    try:
        cut = request_release(study=place.study, by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"Release {cut.number} is being written. Its files appear below when it is complete.")
    return redirect("releases", place.study.slug)


def _check_blinding(place: Place) -> None:
    """A release holds ratings: whoever may still rate sees none, whatever else she is. Raises Refused."""
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)
