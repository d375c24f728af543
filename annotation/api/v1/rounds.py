"""Rounds: which there are, how far they are, opening the next, closing one."""

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from annotation.actions.rounds import close_round, open_round
from annotation.api.v1.base import Place, StudyView
from annotation.api.v1.listing import PageQuery, listed, of_list
from annotation.api.v1.once import idempotent
from annotation.api.v1.operations import Operation, of_items
from annotation.api.v1.preconditions import check_match, tagged
from annotation.api.v1.strict import StrictShape
from annotation.enums import Role, RoundKind, RoundState, TokenScope
from annotation.models import Round
from annotation.queries.membership_totals import institutions_coordinated
from annotation.queries.round_progress import round_progress
from annotation.rules.blinding import retests_visible
from annotation.rules.refusal import NotYours

TAG = "Rounds"
WISHES = [RoundState.CLOSED.value]
RUNNING = (Role.RESEARCHER, Role.COORDINATOR)


class RoundDetail(serializers.Serializer[Any]):
    """A round in which raters are asked."""

    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=RoundKind.choices)
    state = serializers.ChoiceField(choices=RoundState.choices)
    rubric = serializers.IntegerField(source="rubric_id", help_text="Id of the rubric version that it asks.")
    opened_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class RoundStanding(serializers.Serializer[Any]):
    """How far a round is. A coordinator's figures are of her own institution's raters."""

    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=RoundKind.choices)
    state = serializers.ChoiceField(choices=RoundState.choices)
    places = serializers.IntegerField()
    rated = serializers.IntegerField()
    leased = serializers.IntegerField(help_text="With a rater now.")
    surplus = serializers.IntegerField(help_text="Ratings that came after their place had been given away.")
    drafts = serializers.IntegerField()


class RoundChange(StrictShape):
    state = serializers.ChoiceField(choices=WISHES)


class Rounds(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_rounds",
            tag=TAG,
            summary="The study's rounds",
            description="Retests are left out.",
            scope=TokenScope.READ,
            roles=RUNNING,
            query=PageQuery,
            answers={200: of_items(RoundDetail)},
        ),
        "POST": Operation(
            id="open_round",
            tag=TAG,
            summary="Open the next independent round",
            scope=TokenScope.DIRECT,
            roles=(Role.RESEARCHER,),
            answers={201: RoundDetail},
            conflicts=True,
            once=True,
        ),
    }

    def get(self, request: Request, study: str) -> Response:
        rounds = _visible(self.place).order_by("number")
        page = of_list(rounds, self.query, key=lambda round_: round_.number)
        return listed(request, page, RoundDetail(page.rows, many=True).data)

    @idempotent
    def post(self, request: Request, study: str) -> Response:
        opened = open_round(study=self.place.study, by=self.place.user, now=timezone.now())
        address = reverse("api_round", args=[study, opened.number], request=request)
        return Response(RoundDetail(opened).data, status=201, headers={"Location": address})


class OneRound(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_round",
            tag=TAG,
            summary="One round",
            scope=TokenScope.READ,
            roles=RUNNING,
            answers={200: RoundDetail},
            tagged=True,
        ),
        "PATCH": Operation(
            id="change_round",
            tag=TAG,
            summary="Close a round",
            description="Its ratings and results stay; its retests close with it.",
            scope=TokenScope.DIRECT,
            roles=(Role.RESEARCHER,),
            request=RoundChange,
            answers={200: RoundDetail},
            conflicts=True,
            tagged=True,
        ),
    }

    def get(self, request: Request, study: str, number: int) -> Any:
        return tagged(request, RoundDetail(find_round(self.place, number)).data)

    def patch(self, request: Request, study: str, number: int) -> Any:
        found = find_round(self.place, number)
        check_match(request, RoundDetail(found).data)
        RoundChange(data=request.data).is_valid(raise_exception=True)
        closed = close_round(round_=found, by=self.place.user, now=timezone.now())
        return tagged(request, RoundDetail(closed).data)


class Standings(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_round_standings",
            tag=TAG,
            summary="How far the rounds are",
            scope=TokenScope.READ,
            roles=RUNNING,
            query=PageQuery,
            answers={200: of_items(RoundStanding)},
        )
    }

    def get(self, request: Request, study: str) -> Response:
        place = self.place
        own = None if Role.RESEARCHER in place.roles else institutions_coordinated(place.user, place.study)
        rows = round_progress(place.study, institutions=own, retests=retests_visible(place.roles))
        page = of_list(rows, self.query, key=lambda row: [row.number, row.retests])
        return listed(request, page, RoundStanding(page.rows, many=True).data)


def _visible(place: Place) -> Any:
    return Round.objects.filter(study=place.study).exclude(kind=RoundKind.RETEST)


def find_round(place: Place, number: int) -> Round:
    """Raises NotYours for one that there is not; a retest goes under the number of the round that it repeats."""
    found = _visible(place).filter(number=number).first()
    if found is None:
        raise NotYours(f"The study has no round {number}.")
    assert isinstance(found, Round)
    return found
