"""A rater's own places: the next latent, its sheet, giving it back. A place goes by a name, so that no retest shows."""

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from annotation.actions.claiming import claim
from annotation.actions.declining import decline
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.api.v1.base import StudyView
from annotation.api.v1.listing import PageQuery, listed, of_list
from annotation.api.v1.once import idempotent
from annotation.api.v1.operations import Operation, of_items
from annotation.api.v1.shared_shapes import RubricItemShape, SnippetGroupShape
from annotation.enums import Role, TokenScope
from annotation.models import Slot
from annotation.queries.held_slots import held_slots, name_of
from annotation.queries.rating_sheet import rating_sheet
from annotation.rules.refusal import NotYours

TAG = "Rating"
RATER = (Role.ANNOTATOR,)
NO_SUCH = "You hold no such place. Its time may have run out: take the next latent; a ticket that you have stays good."


class SlotShape(serializers.Serializer[Any]):
    """A latent that is held for you. The ticket goes with the rating, and counts also after the time has run out."""

    name = serializers.CharField(help_text="32 hexadecimal digits.")
    round = serializers.IntegerField(help_text="Number of the round.")
    lease_expires_at = serializers.DateTimeField()
    ticket = serializers.CharField()


class TermShape(serializers.Serializer[Any]):
    """A concept of the round's list, or one of your own."""

    value = serializers.CharField()
    note = serializers.CharField()


class SheetDraft(serializers.Serializer[Any]):
    answers = serializers.JSONField()
    saved_at = serializers.DateTimeField()


class SlotSheet(SlotShape):
    """All that a rater judges a latent by: snippets, questions, her draft. Nothing that anybody else said."""

    done = serializers.IntegerField(help_text="Latents that you have rated in the round.")
    total = serializers.IntegerField()
    scale = serializers.FloatField(help_text="The latent's strongest activation anywhere.")
    guidance = serializers.CharField()
    items = RubricItemShape(many=True)
    groups = SnippetGroupShape(many=True)
    suggestions = TermShape(many=True)
    draft = SheetDraft(allow_null=True)


class Declined(serializers.Serializer[Any]):
    declined_at = serializers.DateTimeField()


class SlotsView(StudyView):
    def held(self, name: str) -> Slot:
        """Raises NotYours for a place that she does not hold."""
        hers = held_slots(study=self.place.study, user=self.place.user, named=[name], now=timezone.now())
        found = next((slot for slot in hers if name_of(slot, self.place.user) == name), None)
        if found is None:
            raise NotYours(NO_SUCH)
        return found

    def shape(self, slot: Slot) -> dict[str, Any]:
        return {
            "name": name_of(slot, self.place.user),
            "round": slot.round.number,
            "lease_expires_at": slot.lease_expires_at,
            "ticket": write_ticket(slot),
        }


class Slots(SlotsView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_own_slots",
            tag=TAG,
            summary="Latents that you hold",
            scope=TokenScope.RATE,
            roles=RATER,
            query=PageQuery,
            answers={200: of_items(SlotShape)},
        ),
        "POST": Operation(
            id="claim_slot",
            tag=TAG,
            summary="Take the next latent",
            description="The one that you hold, or the next for you; 204 where nothing is left for you now.",
            scope=TokenScope.RATE,
            roles=RATER,
            answers={200: SlotShape, 204: None},
            conflicts=True,
            once=True,
        ),
    }

    def get(self, request: Request, study: str) -> Response:
        hers = held_slots(study=self.place.study, user=self.place.user, named=(), now=timezone.now())
        page = of_list([self.shape(slot) for slot in hers], self.query, key=lambda slot: slot["name"])
        return listed(request, page, SlotShape(page.rows, many=True).data)

    @idempotent
    def post(self, request: Request, study: str) -> Response:
        slot = claim(study=self.place.study, by=self.place.user, now=timezone.now())
        if slot is None:
            return Response(status=204)
        shape = self.shape(slot)
        address = reverse("api_slot", args=[study, shape["name"]], request=request)
        return Response(SlotShape(shape).data, headers={"Location": address})


class OneSlot(SlotsView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_own_slot",
            tag=TAG,
            summary="The sheet of a latent that you hold",
            description="Holds text of notes: nobody can rate without it.",
            scope=TokenScope.RATE,
            roles=RATER,
            answers={200: SlotSheet},
        )
    }

    def get(self, request: Request, study: str, name: str) -> Response:
        slot = self.held(name)
        sheet = rating_sheet(round_id=slot.round_id, latent_id=slot.latent_id, user=self.place.user)
        told = self.shape(slot) | {
            "done": sheet.progress.done,
            "total": sheet.progress.total,
            "scale": sheet.scale,
            "guidance": sheet.guidance,
            "items": sheet.items,
            "groups": sheet.groups,
            "suggestions": sheet.suggestions,
            "draft": sheet.draft,
        }
        return Response(SlotSheet(told).data)


class Decline(SlotsView):
    operations: ClassVar = {
        "POST": Operation(
            id="decline_slot",
            tag=TAG,
            summary="Give a latent back that is not your field",
            description="It counts against nobody, and does not come to you again.",
            scope=TokenScope.RATE,
            roles=RATER,
            answers={200: Declined},
            conflicts=True,
            once=True,
        )
    }

    @idempotent
    def post(self, request: Request, study: str, name: str) -> Response:
        ticket = read_ticket(write_ticket(self.held(name)), by=self.place.user)
        stored = decline(ticket=ticket, by=self.place.user, now=timezone.now())
        return Response(Declined(stored).data)
