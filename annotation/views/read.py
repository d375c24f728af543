"""The reader's page: a colleague's label and rationale, twenty unseen snippets, and which of them should fire."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotation.actions.asking_readings import ask_readings, close_readings
from annotation.actions.reading import claim_reading, submit_reading
from annotation.actions.reading_drafts import save_reading_draft
from annotation.actions.reading_tickets import ReadingTicket, read_reading_ticket, write_reading_ticket
from annotation.enums import Role
from annotation.models import ReadingSlot
from annotation.queries.reading_sheet import reading_sheet
from annotation.rules.answers import Incomplete
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.rubric_form import read_seconds
from annotation.views.see_other import see_other

FIRES, SILENT = "fires", "silent"
OPTIONS = (
    {"value": FIRES, "label": "Should fire", "key": "1"},
    {"value": SILENT, "label": "Should not", "key": "2"},
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.ANNOTATOR)
def read(request: HttpRequest, place: Place) -> HttpResponse:
    """GET hands out the next rationale, POST takes the judgements and comes back for the one after it."""
    if request.method == "POST":
        return _submit(request, place)
    slot = claim_reading(study=place.study, by=place.user, now=timezone.now())
    if slot is None:
        context = {**place.context, "breadcrumbs": breadcrumbs(place, ("Read", ""))}
        return render(request, "read/nothing_left.html", context)
    return _page(request, place, slot, write_reading_ticket(slot))


def _submit(request: HttpRequest, place: Place) -> HttpResponse:
    text, now = request.POST.get("ticket", ""), timezone.now()
    try:
        ticket = read_reading_ticket(text, by=place.user)
        reading = submit_reading(
            ticket=ticket,
            judgements=_judgements(ticket, request.POST),
            active_seconds=read_seconds(request.POST.get("active_seconds")),
            by=place.user,
            now=now,
        )
    except Incomplete as error:
        return _again(request, place, ticket, text, error.problems)
    except Refused as error:
        say_refusal(request, error)
        return see_other("read", place.study.slug)
    clock = f"{timezone.localtime(reading.submitted_at):%H:%M}"
    if reading.submitted_at == now:
        messages.success(request, f"Saved {clock}. Thank you.")
    else:
        messages.warning(request, f"You had sent this form already. Your reading of {clock} stays as it was.")
    return see_other("read", place.study.slug)


def _judgements(ticket: ReadingTicket, post: QueryDict) -> dict[int, bool]:
    said = {snippet: post.get(f"snippet-{snippet}") for snippet in ticket.snippets}
    return {snippet: value == FIRES for snippet, value in said.items() if value in (FIRES, SILENT)}


def _again(
    request: HttpRequest, place: Place, ticket: ReadingTicket, text: str, problems: dict[str, str]
) -> HttpResponse:
    """The form with what she had chosen, which is kept as a draft, too."""
    slot = ReadingSlot.objects.get(pk=ticket.slot)
    try:
        save_reading_draft(ticket=ticket, answers=request.POST.dict(), by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
    return _page(request, place, slot, text, answers=request.POST.dict(), problems=problems)


def _page(
    request: HttpRequest,
    place: Place,
    slot: ReadingSlot,
    ticket: str,
    *,
    answers: dict[str, Any] | None = None,
    problems: dict[str, str] | None = None,
) -> HttpResponse:
    sheet = reading_sheet(slot, check_role(place.user, place.study, Role.ANNOTATOR))
    chosen = answers if answers is not None else sheet.draft.answers if sheet.draft else {}
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Read", "")),
        "sheet": sheet,
        "ticket": ticket,
        "active_seconds": read_seconds(chosen.get("active_seconds")) or 0,
        "snippets": [
            {"snippet": one, "name": f"snippet-{one.pk}", "value": chosen.get(f"snippet-{one.pk}", "")}
            for one in sheet.snippets
        ],
        "options": OPTIONS,
        "problems": problems or {},
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "read/read.html", context, status=status)


@require_POST
@in_study(Role.RESEARCHER)
def ask(request: HttpRequest, place: Place) -> HttpResponse:
    """Lay places for blinded readings of the study's share of rationales."""
    try:
        asked = ask_readings(study=place.study, by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
        return see_other("study", place.study.slug)
    if asked.laid:
        messages.success(
            request, f"{asked.laid} rationales were laid out to be read. Readers find them on the Read page."
        )
    else:
        messages.info(request, "The study's share of the rationales is asked for already. New ratings add to it.")
    return see_other("study", place.study.slug)


@require_POST
@in_study(Role.RESEARCHER)
def close(request: HttpRequest, place: Place) -> HttpResponse:
    """Take no more readings."""
    try:
        close_readings(study=place.study, by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, "No more readings are taken. Those that were given stay.")
    return see_other("study", place.study.slug)
