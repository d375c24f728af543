"""The researcher's page of webhooks: make one, try it, stop it, and see what it was told."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotation.actions.webhooks import KINDS, allowed_hosts, make_webhook, stop_webhook, try_webhook
from annotation.enums import Role
from annotation.models import Webhook
from annotation.queries.webhook_list import webhook_list
from annotation.rules.refusal import NotYours, Refused
from annotation.rules.webhooks import LONGEST
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.see_other import see_other


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def webhooks(request: HttpRequest, place: Place) -> HttpResponse:
    """GET lists them; POST makes one, and shows its key this once in the answer."""
    if request.method != "POST":
        return _page(request, place)
    url, kinds = request.POST.get("url", "").replace("\x00", ""), request.POST.getlist("kinds")
    try:
        hook, secret = make_webhook(study=place.study, url=url, kinds=kinds, by=place.user, now=timezone.now())
    except Refused as error:
        return _page(request, place, url=url, kinds=kinds, problem=str(error))
    return _page(request, place, made=hook, secret=secret)


@require_POST
@in_study(Role.RESEARCHER)
def stop(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    stop_webhook(webhook=_found(place, pk), by=place.user, now=timezone.now())
    messages.success(request, "That address is told nothing any more.")
    return see_other("webhooks", place.study.slug)


@require_POST
@in_study(Role.RESEARCHER)
def trial(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    try:
        try_webhook(webhook=_found(place, pk), by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, "A trial is on its way. Load this page again to see what came of it.")
    return see_other("webhooks", place.study.slug)


def _found(place: Place, pk: int) -> Webhook:
    hook = Webhook.objects.select_related("study").filter(study=place.study, pk=pk).first()
    if hook is None:
        raise NotYours("There is no such webhook in this study.")
    return hook


def _page(
    request: HttpRequest,
    place: Place,
    *,
    url: str = "",
    kinds: list[str] | None = None,
    problem: str = "",
    made: Webhook | None = None,
    secret: str = "",
) -> HttpResponse:
    active, stopped = webhook_list(place.study)
    context: dict[str, Any] = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Webhooks", "")),
        "hooks": active,
        "stopped": stopped,
        "hosts": sorted(allowed_hosts()),
        "options": [{"value": kind.value, "label": kind.label} for kind in KINDS],
        "kinds": kinds if kinds is not None else [kind.value for kind in KINDS],
        "url": url,
        "url_limit": LONGEST,
        "problem": problem,
        "made": made,
        "secret": secret,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return render(request, "webhooks/webhooks.html", context, status=status)
