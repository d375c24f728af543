"""The rating page: a rater's next latent, and what she says of it."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.actions.claiming import claim
from annotation.actions.tickets import write_ticket
from annotation.enums import Role
from annotation.queries.calibration_standing import calibration_standing
from annotation.queries.rating_progress import afterwards
from annotation.queries.rating_sheet import RatingSheet, rating_sheet
from annotation.queries.readings_waiting import readings_waiting
from annotation.rules.answers import Incomplete
from annotation.rules.calibration import CalibrationState
from annotation.rules.evidence import FIT
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study
from annotation.views.after_rating import after_rating
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.calibration_feedback import summary_context
from annotation.views.device_context import device_context
from annotation.views.rate_json import submit_as_json
from annotation.views.rate_sheet import sheet_context
from annotation.views.rating_words import SURPLUS, saved, sent_before
from annotation.views.see_other import SeeOther
from annotation.views.sent_rating import keep_as_draft, read_rating, take_rating
from annotation.views.wants_json import wants_json

NOT_WRITTEN = ("csrfmiddlewaretoken", "ticket", "outcome", "active_seconds", "evidence", "window", "draft_number")
"""Fields of the form that the rater did not fill in herself, or not in words."""


@never_cache
@require_http_methods(["GET", "POST"])
@in_study(Role.ANNOTATOR)
def rate(request: HttpRequest, place: Place) -> HttpResponse:
    """GET hands out the next latent, POST takes the rating and comes back for the one after it."""
    if request.method == "POST":
        return submit_as_json(request, place) if wants_json(request) else _submit(request, place)
    slot = claim(study=place.study, by=place.user, now=timezone.now())
    if slot is None:
        return _nothing_left(request, place)
    sheet = rating_sheet(round_id=slot.round_id, latent_id=slot.latent_id, user=place.user)
    return _page(request, place, sheet, ticket=write_ticket(slot))


def _submit(request: HttpRequest, place: Place) -> HttpResponse:
    try:
        sent = read_rating(request, place)
    except Refused as error:
        return _not_taken(request, place, error)
    now = timezone.now()
    try:
        rating = take_rating(sent, place, now)
    except Incomplete as error:
        keep_as_draft(sent, place)
        sheet = rating_sheet(round_id=sent.ticket.round, latent_id=sent.ticket.latent, user=place.user)
        text = request.POST["ticket"]
        return _page(request, place, sheet, ticket=text, answers=sent.answers, problems=error.problems)
    except Refused as error:
        return _not_taken(request, place, error)
    if rating.slot_id is None:
        messages.warning(request, SURPLUS)
    if rating.submitted_at == now:
        messages.success(request, saved(rating))
    else:  # The same form again, perhaps from another window and with other answers: those are not taken.
        messages.warning(request, sent_before(rating))
    return SeeOther(after_rating(place.study, rating))


def _page(
    request: HttpRequest,
    place: Place,
    sheet: RatingSheet,
    *,
    ticket: str,
    answers: dict[str, Any] | None = None,
    problems: dict[str, str] | None = None,
) -> HttpResponse:
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rate", "")),
        **sheet_context(sheet, study=place.study, ticket=ticket, answers=answers, problems=problems),
        **device_context(sheet, ticket=ticket, user=place.user),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "rate/rate.html", context, status=status)


def _not_taken(request: HttpRequest, place: Place, error: Refused) -> HttpResponse:
    """The sentence, and every word that she wrote, so that she can take it with her."""
    written = [
        {"term": name.replace("_", " ").capitalize(), "value": ", ".join(values)}
        for name, values in request.POST.lists()
        if name not in NOT_WRITTEN and not name.startswith(FIT) and any(value.strip() for value in values)
    ]
    context = {**place.context, "sentence": str(error), "written": written}
    return render(request, "rate/not_taken.html", context, status=HTTPStatus.CONFLICT)


def _nothing_left(request: HttpRequest, place: Place) -> HttpResponse:
    """Why, and what she can do instead; who passed no calibration set reads how it went."""
    membership = check_role(place.user, place.study, Role.ANNOTATOR)
    if calibration_standing(membership).state == CalibrationState.FAILED:
        return render(request, "calibration/summary.html", summary_context(place))
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rate", "")),
        "after": afterwards(study=place.study, user=place.user),
        "readings": readings_waiting([membership]).get(membership.pk, 0),
    }
    return render(request, "rate/nothing_left.html", context)
