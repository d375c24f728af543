"""rate/last/: a rater's last ten ratings, and the sheet on which she revises one."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotation.actions.revising import revise_rating
from annotation.actions.tickets import write_ticket_of
from annotation.enums import Outcome, Role
from annotation.models import Rating
from annotation.queries.last_ratings import entered, last_ten, own_rating
from annotation.queries.own_words import concept_written
from annotation.queries.rating_sheet import questions, rating_sheet
from annotation.rules.answers import Incomplete
from annotation.rules.draft_windows import revision_begun
from annotation.rules.evidence import parse_marks
from annotation.rules.refusal import NotYours, Refused
from annotation.rules.revising import REASON_LIMIT
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.device_context import revision_context
from annotation.views.rate_sheet import sheet_context
from annotation.views.rating_marks import read_marks
from annotation.views.rubric_form import read_answers, read_seconds
from annotation.views.see_other import see_other


@never_cache
@require_safe
@in_study(Role.ANNOTATOR)
def last(request: HttpRequest, place: Place) -> HttpResponse:
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rate", "rate"), ("Your last ten", "")),
        "ratings": last_ten(place.user, place.study),
    }
    return render(request, "rate/last.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.ANNOTATOR)
def revise(request: HttpRequest, place: Place, rating: int) -> HttpResponse:
    """GET shows the sheet as she left it; POST stores a new row beside the first."""
    found = own_rating(rating, user=place.user, study=place.study)
    if request.method != "POST":
        return _page(request, place, found)
    sent = read_answers(questions(round_id=found.round_id, study=place.study), request.POST)
    sent |= read_marks(request.POST) | {"reason": request.POST.get("reason", "")}
    try:
        revised = revise_rating(
            rating=found,
            raw=sent,
            marks=parse_marks(sent),
            reason=sent["reason"],
            by=place.user,
            now=timezone.now(),
            active_seconds=read_seconds(sent["active_seconds"]),
        )
    except Incomplete as error:
        return _page(request, place, found, sent, problems=error.problems)
    except NotYours:
        raise
    except Refused as error:
        say_refusal(request, error)
        return _page(request, place, found, sent, status=HTTPStatus.CONFLICT)
    messages.success(request, f"Revised {timezone.localtime(revised.submitted_at):%H:%M}. The first stays on record.")
    return see_other("last_ratings", place.study.slug)


def _page(
    request: HttpRequest,
    place: Place,
    rating: Rating,
    sent: dict[str, Any] | None = None,
    *,
    problems: dict[str, str] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    """sent: the form that was not taken; without one it shows what she had begun, else the rating as it stands."""
    sheet = rating_sheet(round_id=rating.round_id, latent_id=rating.latent_id, user=place.user)
    begun = revision_begun(sheet.draft, rating.pk)
    answers = sent or begun or entered(rating)
    draft = None if begun is None else sheet.draft
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rate", "rate"), ("Your last ten", "last_ratings"), ("Revise", "")),
        **sheet_context(sheet, study=place.study, ticket=write_ticket_of(rating), answers=answers, problems=problems),
        **revision_context(rating, draft=draft, user=place.user),
        "rating": rating,
        "draft": draft,
        "said": concept_written(rating) or Outcome(rating.outcome).label,
        "round_number": rating.round.number,
        "reason": {
            "value": answers.get("reason", ""),
            "limit": REASON_LIMIT,
            "error": (problems or {}).get("reason", ""),
        },
    }
    return render(request, "rate/revise.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else status)
