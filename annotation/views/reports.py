"""“This shows a person”: a rater's click that hides a snippet, and the page where a coordinator decides."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotation.actions.reporting import decide_report, report_snippet
from annotation.actions.tickets import read_ticket
from annotation.enums import Role
from annotation.models import Snippet, SnippetReport
from annotation.queries.report_list import report_list
from annotation.queries.snippets_seen import handed_to, seen_without_ticket
from annotation.rules.refusal import NotYours, Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.see_other import see_other

HIDDEN = "The snippet is hidden from everyone now, and a coordinator will look. What you have entered is kept."
DECISIONS = {"shows-person": True, "no-person": False}
DONE = {
    True: "The snippet is hidden for good, in this study and in every other.",
    False: "The snippet is shown again.",
}


@require_POST
@in_study()
def report(request: HttpRequest, place: Place) -> HttpResponse:
    """Hide a snippet that she was shown. Takes `snippet`, and `ticket` from a rating page; `Accept: application/json`
    answers {snippet, message}, or {detail}. Otherwise back to where she was.
    """
    as_json = request.accepts("application/json") and not request.accepts("text/html")
    try:
        snippet = _shown_to_her(request, place)
        report_snippet(study=place.study, snippet=snippet, by=place.user, now=timezone.now())
    except NotYours:
        raise
    except Refused as error:
        if as_json:
            return JsonResponse({"detail": str(error)}, status=HTTPStatus.CONFLICT)
        raise
    if as_json:
        return JsonResponse({"snippet": snippet.pk, "message": HIDDEN})
    messages.success(request, HIDDEN)
    return see_other("rate", place.study.slug) if "ticket" in request.POST else see_other("home")


def _shown_to_her(request: HttpRequest, place: Place) -> Snippet:
    """Raises NotYours where nobody showed it to her: an id alone hides nothing."""
    wanted = request.POST.get("snippet", "")
    snippet = Snippet.objects.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None
    if snippet is not None:
        text = request.POST.get("ticket")
        if text is None and seen_without_ticket(snippet, user=place.user, study=place.study, roles=place.roles):
            return snippet
        if text is not None and handed_to(snippet, latent=read_ticket(text, by=place.user).latent, study=place.study):
            return snippet
    raise NotYours("There is no such snippet on your page.")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def reports(request: HttpRequest, place: Place) -> HttpResponse:
    """GET lists what waits for her and what was decided; POST decides one."""
    if request.method != "POST":
        return _page(request, place)
    wanted, decision = request.POST.get("report", ""), request.POST.get("decision", "")
    if not wanted.isdecimal() or decision not in DECISIONS:
        raise NotYours("There is no such report among those that are yours to look at.")
    found = SnippetReport.objects.filter(pk=int(wanted), study=place.study).select_related("study").first()
    if found is None:
        raise NotYours("There is no such report among those that are yours to look at.")
    reason = request.POST.get("reason", "")
    shows = DECISIONS[decision]
    try:
        decide_report(report=found, shows_person=shows, reason=reason, by=place.user, now=timezone.now())
    except NotYours:
        raise
    except Refused as error:
        say_refusal(request, error)
        return _page(request, place, written={found.pk: reason}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, DONE[shows])
    return see_other("reports", place.study.slug)


def _page(
    request: HttpRequest, place: Place, *, written: dict[int, str] | None = None, status: int = HTTPStatus.OK
) -> HttpResponse:
    directs = Role.RESEARCHER in place.roles
    found = report_list(place.study, user=place.user, directs=directs)
    context: dict[str, Any] = {
        "reports": found,
        "waiting": [{"report": one, "reason": (written or {}).get(one.pk, "")} for one in found.waiting],
        "directs": directs,
        "breadcrumbs": breadcrumbs(place, ("Reports", "reports")),
    }
    return render(request, "reports/reports.html", {**place.context, **context}, status=status)
