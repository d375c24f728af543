"""GET rate/ahead/: the next latents as sheets, so that the next one is there before she asks for it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotation.actions.claiming import claim_ahead
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import Role, RoundKind
from annotation.models import Slot
from annotation.queries.held_slots import held_slots, name_of
from annotation.queries.rating_sheet import RatingSheet, questions, rating_sheet, snippets_shown
from annotation.rules.device import draft_name
from annotation.views.access import Place, in_study
from annotation.views.device_context import device_context
from annotation.views.rate_sheet import sheet_context

MOST = 2
"""Sheets ahead of the one that she works on."""


@never_cache
@require_safe
@in_study(Role.ANNOTATOR)
def ahead(request: HttpRequest, place: Place) -> JsonResponse:
    """?after=<place she works on>&after=<place whose sheet she has>…: a list of {slot, ticket, title, lasts, html}.

    Places go by their names on the page (queries.held_slots.name_of). Two come with those that she has; of these only
    {slot, lasts}, as long as they are hers. lasts: seconds until the place is anyone's again. ?ticket=<text>…: the
    sheets of these tickets, drawn anew.
    ?still=<ticket>…: what became of these sheets, {slot, lasts, shown}: lasts is 0 where the place is not hers by this
    ticket any more, or its round is closed; shown are the snippets that the sheet may show by now.
    """
    if tickets := request.GET.getlist("still")[: MOST + 1]:
        return JsonResponse(list(_still(place, tickets, timezone.now())), safe=False)
    if tickets := request.GET.getlist("ticket")[: MOST + 1]:
        return JsonResponse([_drawn_anew(request, place, ticket) for ticket in tickets], safe=False)
    return JsonResponse(list(_ahead(request, place, timezone.now())), safe=False)


def _ahead(request: HttpRequest, place: Place, now: datetime) -> Iterator[dict[str, Any]]:
    current, *has = request.GET.getlist("after")[: MOST + 1] or [""]
    slots = _next_slots(place, current, has, now)
    before: list[int] = []
    for at, slot in enumerate(slots):
        number, name = slot.round.number, name_of(slot, place.user)
        if name in has:
            yield {"slot": name, "lasts": _lasts(slot, now)}
        elif at > 0 or name != current:
            sheet = rating_sheet(round_id=slot.round_id, latent_id=slot.latent_id, user=place.user)
            drawn = _sheet(request, place, _moved_on(sheet, before.count(number)), write_ticket(slot))
            yield {"slot": name, "lasts": _lasts(slot, now)} | drawn
        before.append(number)


def _next_slots(place: Place, current: str, has: Sequence[str], now: datetime) -> list[Slot]:
    """The slot that she works on, if it is hers still, and up to two after it: first those that she holds already."""
    held = held_slots(study=place.study, user=place.user, named=[current, *has], now=now)
    at_work = [slot for slot in held if name_of(slot, place.user) == current]
    if any(slot.round.kind == RoundKind.CALIBRATION for slot in at_work):
        return []
    kept = [slot for slot in held if slot not in at_work][:MOST]
    after = [*at_work, *kept]
    pks = [slot.pk for slot in after]
    given = claim_ahead(study=place.study, by=place.user, after=pks, number=MOST - len(kept), now=now)
    named = [name_of(slot, place.user) for slot in (*after, *given)]
    return held_slots(study=place.study, user=place.user, named=named, now=now)[: len(named)]


def _moved_on(sheet: RatingSheet, before: int) -> RatingSheet:
    """Her progress as it will be when she comes to this sheet: those before it are rated then."""
    done = sheet.progress.done + before
    return replace(sheet, progress=replace(sheet.progress, done=done, total=max(sheet.progress.total, done + 1)))


def _still(place: Place, texts: Sequence[str], now: datetime) -> Iterator[dict[str, Any]]:
    """Raises Refused if one of the tickets is another person's or another study's."""
    tickets = [read_ticket(text, by=place.user) for text in texts]
    for of in tickets:
        questions(round_id=of.round, study=place.study)
    names = [draft_name(place.user, round_id=of.round, latent_id=of.latent) for of in tickets]
    held = held_slots(study=place.study, user=place.user, named=names, now=now)
    by_token = {slot.lease_token: slot for slot in held}
    shown = snippets_shown([of.latent for of in tickets])
    for name, of in zip(names, tickets, strict=True):
        slot = by_token.get(of.token)
        yield {"slot": name, "lasts": _lasts(slot, now) if slot else 0, "shown": shown[of.latent]}


def _drawn_anew(request: HttpRequest, place: Place, ticket: str) -> dict[str, Any]:
    """Raises Refused if the ticket is another person's or another study's."""
    of = read_ticket(ticket, by=place.user)
    questions(round_id=of.round, study=place.study)
    sheet = rating_sheet(round_id=of.round, latent_id=of.latent, user=place.user)
    name = draft_name(place.user, round_id=of.round, latent_id=of.latent)
    return {"slot": name} | _sheet(request, place, sheet, ticket)


def _sheet(request: HttpRequest, place: Place, sheet: RatingSheet, ticket: str) -> dict[str, Any]:
    context = {
        **sheet_context(sheet, study=place.study, ticket=ticket),
        **device_context(sheet, ticket=ticket, user=place.user),
    }
    html = render_to_string("rate/sheet.html", context, request)
    return {"ticket": ticket, "title": f"Latent {sheet.progress.current} of {sheet.progress.total}", "html": html}


def _lasts(slot: Slot, now: datetime) -> int:
    return max(0, int((slot.lease_expires_at - now).total_seconds())) if slot.lease_expires_at else 0
