"""Try a text: paste it, and see which latents fire on it, and one of them token by token."""

import secrets
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from annotation.actions import trying
from annotation.enums import Role, RunState
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.own_trials import OwnTrial, recall, remember
from annotation.views.see_other import see_other
from annotation.views.trial_limit import TOO_MANY, may_try
from annotation.views.trial_sheet import TrialSheet, trial_sheet


@sensitive_post_parameters("text")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def try_text(request: HttpRequest, place: Place) -> HttpResponse:
    """The empty form; or a text that is sent, and the page that waits for its answer."""
    if place.study.run is None or place.study.run.state != RunState.FINISHED:
        return render(request, "trials/not_yet.html", _frame(place))
    trying.check_may_try(study=place.study, by=place.user)
    if request.method == "POST":
        return _send(request, place)
    return _page(request, place, latent=request.GET.get("latent", ""))


@never_cache
@require_safe
@in_study(Role.RESEARCHER)
def trial(request: HttpRequest, place: Place, handle: str) -> HttpResponse:
    """A trial of this session: its answer, or where it is. htmx asks for the answer alone, every second."""
    own = recall(request, place.study, handle)
    trying.check_may_try(study=place.study, by=place.user)
    sheet = trial_sheet(own, place.study, now=_now())
    if not request.htmx:  # type: ignore[attr-defined]
        return _page(request, place, text=sheet.text, latent=own.latent, sheet=sheet)
    if sheet.waiting and sheet.waiting == request.GET.get("seen"):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return render(request, "trials/result.html", {**place.context, "sheet": sheet, "polled": True})


def _send(request: HttpRequest, place: Place) -> HttpResponse:
    """A pressed “Show this one” names its latent in place of the field."""
    text, latent = request.POST.get("text", ""), request.POST.get("show") or request.POST.get("latent", "")
    if not may_try(place.user):
        return _page(request, place, text=text, latent=latent, error=TOO_MANY, status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        own = OwnTrial(handle=secrets.token_hex(16), latent=_index(latent), made_at=_now())
        trying.try_text(
            study=place.study, text=text, latent=own.latent, handle=own.handle, by=place.user, now=own.made_at
        )
    except Refused as error:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(request, place, text=text, latent=latent, error=str(error), status=status)
    remember(request, place.study, own)
    return see_other("trial", place.study.slug, own.handle)


def _index(latent: str) -> int | None:
    """Raises Refused where it is no number."""
    word = latent.strip()
    if not word:
        return None
    if not (word.isascii() and word.isdigit() and len(word) <= 9):
        raise Refused("A latent is named by its number, such as 17. Leave the field empty to see which fire most.")
    return int(word)


def _page(
    request: HttpRequest,
    place: Place,
    *,
    text: str = "",
    latent: str | int | None = None,
    error: str = "",
    sheet: TrialSheet | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = {
        **_frame(place),
        "text": text,
        "latent": "" if latent is None else latent,
        "error": error,
        "longest": trying.LONGEST,
        "minutes": trying.SECONDS // 60,
        "sheet": sheet,
    }
    return render(request, "trials/try.html", context, status=status)


def _frame(place: Place) -> dict[str, Any]:
    return {**place.context, "breadcrumbs": breadcrumbs(place, ("Try a text", ""))}


def _now() -> datetime:
    return timezone.now()
