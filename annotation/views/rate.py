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
from annotation.actions.drafting import save_draft
from annotation.actions.rating import submit_rating
from annotation.actions.tickets import Ticket, read_ticket, write_ticket
from annotation.enums import Role
from annotation.queries.rating_progress import afterwards
from annotation.queries.rating_sheet import RatingSheet, questions, rating_sheet
from annotation.rules.answers import Incomplete
from annotation.rules.evidence import FIT, parse_marks
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.rate_sheet import sheet_context
from annotation.views.rating_marks import read_marks
from annotation.views.rubric_form import read_answers, read_seconds
from annotation.views.see_other import see_other

SURPLUS = (
    "The time reserved for that latent had run out, and a colleague had been given the place. "
    "Your rating is kept and counts like any other."
)

NOT_WRITTEN = ("csrfmiddlewaretoken", "ticket", "outcome", "active_seconds", "evidence", "window", "draft_number")
"""Fields of the form that the rater did not fill in herself, or not in words."""


@never_cache
@require_http_methods(["GET", "POST"])
@in_study(Role.ANNOTATOR)
def rate(request: HttpRequest, place: Place) -> HttpResponse:
    """GET hands out the next latent, POST takes the rating and comes back for the one after it."""
    if request.method == "POST":
        return _submit(request, place)
    slot = claim(study=place.study, by=place.user, now=timezone.now())
    if slot is None:
        return render(request, "rate/nothing_left.html", _nothing_left(place))
    sheet = rating_sheet(round_id=slot.round_id, latent_id=slot.latent_id, user=place.user)
    return _page(request, place, sheet, ticket=write_ticket(slot))


def _submit(request: HttpRequest, place: Place) -> HttpResponse:
    text = request.POST.get("ticket", "")
    try:
        ticket = read_ticket(text, by=place.user)
        answers = read_answers(questions(round_id=ticket.round, study=place.study), request.POST)
        answers |= read_marks(request.POST)
    except Refused as error:
        return _not_taken(request, place, error)
    now = timezone.now()
    try:
        rating = submit_rating(
            ticket=ticket,
            raw=answers,
            marks=parse_marks(answers),
            active_seconds=read_seconds(answers["active_seconds"]),
            by=place.user,
            now=now,
        )
    except Incomplete as error:
        _keep(ticket, answers, place)
        sheet = rating_sheet(round_id=ticket.round, latent_id=ticket.latent, user=place.user)
        return _page(request, place, sheet, ticket=text, answers=answers, problems=error.problems)
    except Refused as error:
        return _not_taken(request, place, error)
    if rating.slot_id is None:
        messages.warning(request, SURPLUS)
    clock = f"{timezone.localtime(rating.submitted_at):%H:%M}"
    if rating.submitted_at == now:
        messages.success(request, f"Saved {clock}. Next latent.")
    else:  # The same form again, perhaps from another window and with other answers: those are not taken.
        messages.warning(request, f"You had sent this form already. Your rating of {clock} stays as it was.")
    return see_other("rate", place.study.slug)


def _keep(ticket: Ticket, answers: dict[str, Any], place: Place) -> None:
    """Without JavaScript nothing has saved the draft before. What cannot be kept is still on the page."""
    try:
        save_draft(ticket=ticket, answers=answers, by=place.user, now=timezone.now())
    except Refused:
        return


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


def _nothing_left(place: Place) -> dict[str, Any]:
    return {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rate", "")),
        "after": afterwards(study=place.study, user=place.user),
    }
