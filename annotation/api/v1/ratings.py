"""A rater's own ratings: submit, read again, revise. The answers to a POST hold no words of hers; a GET does."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from annotation.actions.rating import submit_rating
from annotation.actions.revising import revise_rating
from annotation.actions.tickets import read_ticket
from annotation.api.v1.base import StudyView
from annotation.api.v1.listing import PageQuery, listed, of_rows
from annotation.api.v1.once import idempotent
from annotation.api.v1.operations import Operation, of_items
from annotation.api.v1.preconditions import check_match, tagged
from annotation.api.v1.shared_shapes import EvidenceWord, SnippetFit
from annotation.api.v1.strict import StrictShape
from annotation.enums import Outcome, Role, RoundState, TokenScope
from annotation.models import Rating
from annotation.queries.last_ratings import may_be_shown, own_rating, own_ratings
from annotation.queries.own_words import concept_written, second_concept_written
from annotation.queries.rating_sheet import questions
from annotation.queries.same_rating import says_the_same
from annotation.rules.answers import CONCEPT_LIMIT, RATIONALE_LIMIT
from annotation.rules.evidence import EVIDENCE_LIMIT, FIT, parse_marks
from annotation.rules.refusal import Refused
from annotation.rules.revising import REASON_LIMIT

TAG = "Rating"
RATER = (Role.ANNOTATOR,)
DIFFERS = "This ticket stored a rating before, with other answers; those count. Revise it if you want them changed."
LONGEST_DAY = 24 * 60 * 60


WORD_OR_NUMBER: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "number"}]}


@extend_schema_field(
    {"anyOf": [*WORD_OR_NUMBER["anyOf"], {"type": "array", "items": WORD_OR_NUMBER}, {"type": "null"}]}
)
class Answer(serializers.Field[Any, Any, Any, Any]):
    """A word, a number, or a list of them; null for none."""

    def to_internal_value(self, data: Any) -> Any:
        values = data if isinstance(data, list) else [data]
        if all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in values):
            return data
        raise serializers.ValidationError("An answer is a word, a number, or a list of them.")

    def to_representation(self, value: Any) -> Any:
        return value


class RatingContent(StrictShape):
    """What a rater says of a latent."""

    outcome = serializers.ChoiceField(choices=Outcome.choices, default=Outcome.ANSWERED)
    answers = serializers.DictField(
        child=Answer(allow_null=True), default=dict, help_text="By item key, the concept among them."
    )
    rationale = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=RATIONALE_LIMIT,
        help_text="Why. Needed where the outcome is `answered`.",
    )
    second_concept = serializers.CharField(
        default="", allow_blank=True, max_length=CONCEPT_LIMIT, help_text="Where the latent holds two meanings."
    )
    evidence = EvidenceWord(many=True, default=list, max_length=EVIDENCE_LIMIT)  # type: ignore[call-arg]
    fits = SnippetFit(many=True, default=list)
    active_seconds = serializers.FloatField(
        default=None, allow_null=True, min_value=0, max_value=LONGEST_DAY, help_text="That the rater worked on it."
    )


class NewRating(RatingContent):
    """A rating of a latent that was handed to you."""

    ticket = serializers.CharField(max_length=1000, help_text="That of the place. Sent again, it stores nothing twice.")


class Revision(RatingContent):
    """The whole rating as it is to stand, and why it is changed. The first stays on record."""

    reason = serializers.CharField(max_length=REASON_LIMIT)


class StoredRating(serializers.Serializer[Any]):
    """What became of a rating that was sent."""

    id = serializers.IntegerField(source="pk")
    revision = serializers.IntegerField()
    submitted_at = serializers.DateTimeField()
    surplus = serializers.BooleanField(help_text="Its place had been given away; it counts like any other.")


class OwnRating(serializers.Serializer[Any]):
    """A rating of yours as it stands."""

    id = serializers.IntegerField(help_text="Of its newest revision; those of earlier ones lead to it as well.")
    round = serializers.IntegerField()
    revision = serializers.IntegerField()
    revisable = serializers.BooleanField(help_text="Its round is open.")
    submitted_at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    concept = serializers.CharField(help_text="As you wrote it; empty where you named none.")
    answers = serializers.DictField(child=serializers.JSONField(), help_text="By item key, without the concept.")
    rationale = serializers.CharField()
    second_concept = serializers.CharField()
    evidence = EvidenceWord(many=True)
    fits = SnippetFit(many=True)
    active_seconds = serializers.FloatField(allow_null=True)


class Ratings(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_own_ratings",
            tag=TAG,
            summary="Your ratings",
            description="Those of latents that are before you or that you rated once more are left out, and so are "
            "calibration latents; a page may hold fewer than `limit`.",
            scope=TokenScope.RATE,
            roles=RATER,
            query=PageQuery,
            answers={200: of_items(OwnRating)},
        ),
        "POST": Operation(
            id="submit_rating",
            tag=TAG,
            summary="Submit a rating",
            description="200 where this ticket had stored the same before.",
            scope=TokenScope.RATE,
            roles=RATER,
            request=NewRating,
            answers={201: StoredRating, 200: StoredRating},
            conflicts=True,
            once=True,
        ),
    }

    def get(self, request: Request, study: str) -> Response:
        page = of_rows(own_ratings(self.place.user, self.place.study), self.query)
        return listed(request, page, OwnRating([_own(row) for row in page.rows if may_be_shown(row)], many=True).data)

    @idempotent
    def post(self, request: Request, study: str) -> Response:
        sent = _read(NewRating, request)
        by, now = self.place.user, timezone.now()
        ticket = read_ticket(sent["ticket"], by=by)
        questions(round_id=ticket.round, study=self.place.study)  # Raises Refused for another study's ticket.
        raw = _raw(sent)
        rating = submit_rating(
            ticket=ticket, raw=raw, marks=parse_marks(raw), active_seconds=sent["active_seconds"], by=by, now=now
        )
        again = rating.submitted_at != now
        if again and not says_the_same(rating, raw):
            raise Refused(DIFFERS)
        address = reverse("api_rating", args=[study, rating.pk], request=request)
        return Response(_stored(rating), status=200 if again else 201, headers={"Location": address})


class OneRating(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_own_rating",
            tag=TAG,
            summary="One of your ratings",
            scope=TokenScope.RATE,
            roles=RATER,
            answers={200: OwnRating},
            tagged=True,
        ),
        "PUT": Operation(
            id="revise_rating",
            tag=TAG,
            summary="Revise a rating, until its round closes",
            scope=TokenScope.RATE,
            roles=RATER,
            request=Revision,
            answers={200: OwnRating},
            conflicts=True,
            tagged=True,
        ),
    }

    def get(self, request: Request, study: str, rating: int) -> Any:
        return tagged(request, OwnRating(_own(self._found(rating))).data)

    def put(self, request: Request, study: str, rating: int) -> Any:
        standing = self._found(rating)
        check_match(request, OwnRating(_own(standing)).data)
        sent = _read(Revision, request)
        raw = _raw(sent)
        revised = revise_rating(
            rating=standing,
            raw=raw,
            marks=parse_marks(raw),
            reason=sent["reason"],
            by=self.place.user,
            now=timezone.now(),
            active_seconds=sent["active_seconds"],
            upon=standing.revision,
        )
        return tagged(request, OwnRating(_own(self._found(revised.pk))).data)

    def _found(self, pk: int) -> Rating:
        return own_rating(pk, user=self.place.user, study=self.place.study)


def _read(shape: type[RatingContent], request: Request) -> dict[str, Any]:
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _raw(sent: dict[str, Any]) -> dict[str, Any]:
    """As the rating form sends it: answers by item key, marks flat beside them."""
    fits = {f"{FIT}{one['snippet']}": one["fit"] for one in sent["fits"]}
    if len(fits) < len(sent["fits"]):
        raise ValidationError({"fits": "Say of each snippet once whether it fits."})
    told = {name: sent[name] for name in ("outcome", "rationale", "second_concept")}
    beyond = [key for key in sent["answers"] if key in (*told, "evidence") or key.startswith(FIT)]
    if beyond:
        raise ValidationError({"answers": f"“{beyond[0]}” is no question of the rubric: it stands beside the answers."})
    return {**sent["answers"], **fits, **told, "evidence": [dict(word) for word in sent["evidence"]]}


def _stored(rating: Rating) -> dict[str, Any]:
    rating.surplus = rating.slot_id is None  # type: ignore[attr-defined]
    return dict(StoredRating(rating).data)


def _own(rating: Rating) -> dict[str, Any]:
    same = ("revision", "submitted_at", "outcome", "answers", "rationale", "evidence", "active_seconds")
    return {
        **{name: getattr(rating, name) for name in same},
        "id": rating.pk,
        "round": rating.round.number,
        "revisable": rating.round.state == RoundState.OPEN,
        "concept": concept_written(rating),
        "second_concept": second_concept_written(rating),
        "fits": [{"snippet": int(snippet), "fit": fit} for snippet, fit in rating.fits.items()],
    }
