"""A rating form as the browser sent it: read, taken, or kept as a draft. The page and its JSON way share it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from annotation.actions.drafting import save_draft
from annotation.actions.rating import submit_rating
from annotation.actions.tickets import Ticket, read_ticket
from annotation.models import Rating
from annotation.queries.rating_sheet import questions
from annotation.rules.draft_windows import read_number, read_window
from annotation.rules.evidence import parse_marks
from annotation.rules.refusal import Refused
from annotation.views.access import Place
from annotation.views.rating_marks import read_marks
from annotation.views.rubric_form import read_answers, read_seconds


@dataclass(frozen=True, kw_only=True)
class SentRating:
    ticket: Ticket
    answers: dict[str, Any]
    """By field, marks included, as a draft keeps them."""
    window: str
    number: int
    """Of the draft that the form's window saw last."""


def read_rating(request: HttpRequest, place: Place) -> SentRating:
    """Raises Refused if the ticket is not hers, or the form belongs to another study."""
    ticket = read_ticket(request.POST.get("ticket", ""), by=place.user)
    answers = read_answers(questions(round_id=ticket.round, study=place.study), request.POST)
    return SentRating(
        ticket=ticket,
        answers=answers | read_marks(request.POST),
        window=read_window(request.POST.get("window")),
        number=read_number(request.POST.get("draft_number")),
    )


def take_rating(sent: SentRating, place: Place, now: datetime) -> Rating:
    """Raises Incomplete with a sentence a field, Refused where it cannot be taken at all."""
    return submit_rating(
        ticket=sent.ticket,
        raw=sent.answers,
        marks=parse_marks(sent.answers),
        active_seconds=read_seconds(sent.answers["active_seconds"]),
        by=place.user,
        now=now,
    )


def keep_as_draft(sent: SentRating, place: Place) -> None:
    """Without JavaScript nothing has saved the draft before. What cannot be kept is still on the page."""
    try:
        save_draft(
            ticket=sent.ticket,
            answers=sent.answers,
            by=place.user,
            now=timezone.now(),
            window=sent.window,
            number=sent.number,
        )
    except Refused:
        return
