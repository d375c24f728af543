"""The run's latents: the sample or all, and one of them with what was made of it."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.v1.base import Place, StudyView
from annotation.api.v1.consensus_shape import ConsensusShape, consensus_of
from annotation.api.v1.listing import PageQuery, Slice, listed, of_rows
from annotation.api.v1.operations import Operation, of_items
from annotation.api.v1.shared_shapes import FiringToken, OpinionShape, opinion_of
from annotation.enums import LatentFlag, LatentState, Role, SnippetKind, TokenScope
from annotation.queries.latent_detail import latent_detail
from annotation.queries.latent_list import (
    SORTS,
    LatentFilter,
    LatentRow,
    latent_rows,
    wanted_latents,
    wanted_sample,
    with_places,
)
from annotation.queries.latent_profile import profile_sheet
from annotation.queries.results import newest_run
from annotation.queries.rubric_words import rubric_words
from annotation.queries.sight import Onlooker

TAG = "Latents"
RESEARCHER = (Role.RESEARCHER,)


class LatentQuery(PageQuery):
    show = serializers.ChoiceField(
        choices=["sample", "all"], default="sample", help_text="The sample, or all of the run."
    )
    state = serializers.ChoiceField(choices=LatentState.choices, required=False, help_text="Of the sample.")
    flag = serializers.ChoiceField(choices=LatentFlag.choices, required=False)
    denser_than = serializers.FloatField(required=False, min_value=0, max_value=1, help_text="Share of tokens.")
    at_most_as_dense_as = serializers.FloatField(required=False, min_value=0, max_value=1)
    ordering = serializers.ChoiceField(
        choices=[name for key in SORTS for name in (key, f"-{key}")],
        default="position",
        help_text="A minus puts the largest first. `position` is the place in the sample; the index in all of the run.",
    )


class LatentSummary(serializers.Serializer[Any]):
    """A latent. `state`, `concept` and `flags` stay hidden from one who may still rate it."""

    index = serializers.IntegerField()
    identity = serializers.CharField(help_text="Digest of weights, encoding and model revision.")
    density = serializers.FloatField(help_text="Share of tokens on which it fires.")
    documents = serializers.IntegerField()
    max_activation = serializers.FloatField()
    position = serializers.IntegerField(allow_null=True, help_text="In the sample; null outside it.")
    stratum = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=LatentState.choices, allow_null=True)
    hidden = serializers.BooleanField(help_text="Blinding keeps state and concept back.")
    ratings = serializers.IntegerField()
    concept = serializers.CharField(allow_null=True, help_text="That with the largest share of opinion.")
    share = serializers.FloatField(allow_null=True, help_text="That share.")
    flags = serializers.ListField(child=serializers.ChoiceField(choices=LatentFlag.choices))


class TokenLogit(serializers.Serializer[Any]):
    token = serializers.CharField()
    logit = serializers.FloatField()


class NearLatent(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    cosine = serializers.FloatField(help_text="Of the two decoder directions.")


class LatentProfileShape(serializers.Serializer[Any]):
    """What hints at a latent's meaning beyond its snippets."""

    lens = serializers.CharField(help_text="How the output tokens were read; or why there are none.")
    promoted = TokenLogit(many=True)
    suppressed = TokenLogit(many=True)
    neighbours = NearLatent(many=True)


class LatentFull(LatentSummary):
    """A latent with all that may be shown of it."""

    firings = serializers.IntegerField()
    histogram = serializers.ListField(child=serializers.IntegerField())
    decile_edges = serializers.ListField(child=serializers.FloatField())
    held_out = serializers.IntegerField(help_text="Snippets kept back for readers and scorers.")
    profile = LatentProfileShape(allow_null=True, help_text="Null where it stays hidden, or the run kept none.")
    consensuses = ConsensusShape(many=True, help_text="Empty where blinding hides them.")
    opinions = OpinionShape(many=True, help_text="Empty where blinding hides them.")


class MinedSnippetShape(serializers.Serializer[Any]):
    """A stretch of a note that was mined for a latent of the sample."""

    kind = serializers.ChoiceField(choices=SnippetKind.choices)
    text = serializers.CharField()
    tokens = FiringToken(many=True)
    peak = serializers.FloatField()
    decile = serializers.IntegerField(allow_null=True)
    place = serializers.CharField(help_text="Specialty, kind of note and section.")
    before = serializers.CharField(help_text="The wider context, where the run kept one and it may be shown.")
    after = serializers.CharField()


class LatentSnippets(serializers.Serializer[Any]):
    """The snippets of a latent by strength; none for one outside the sample."""

    index = serializers.IntegerField()
    hidden = serializers.IntegerField(help_text="Snippets reported to show a person: counted, not shown.")
    snippets = MinedSnippetShape(many=True)


class Latents(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_latents",
            tag=TAG,
            summary="Latents of the sample, or of the run",
            scope=TokenScope.READ,
            roles=RESEARCHER,
            query=LatentQuery,
            answers={200: of_items(LatentSummary)},
        )
    }

    def get(self, request: Request, study: str) -> Response:
        place, viewer = self.place, self.place.onlooker
        wanted = _wanted(self.query, viewer)
        field = SORTS[wanted.sort][0 if wanted.sampled else 1]
        order = f"-{field}" if wanted.descending else field
        if wanted.sampled:
            page: Slice[Any] = of_rows(wanted_sample(place.study, wanted), self.query, order=order, unique="position")
            pairs = [(sampled.latent, sampled) for sampled in page.rows]
        else:
            page = of_rows(wanted_latents(place.study, wanted), self.query, order=order, unique="index")
            pairs = with_places(place.study, page.rows)
        rows = latent_rows(
            place.study, pairs, viewer=viewer, results=newest_run(place.study), concept=_concept_key(place)
        )
        return listed(request, page, LatentSummary([_summary(row) for row in rows], many=True).data)


class OneLatent(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_latent",
            tag=TAG,
            summary="One latent",
            scope=TokenScope.READ,
            roles=RESEARCHER,
            answers={200: LatentFull},
        )
    }

    def get(self, request: Request, study: str, index: int) -> Response:
        place, viewer = self.place, self.place.onlooker
        results = newest_run(place.study)
        detail = latent_detail(place.study, index, viewer=viewer, results=results)
        latent = detail.latent
        (row,) = latent_rows(
            place.study, [(latent, detail.sampled)], viewer=viewer, results=results, concept=_concept_key(place)
        )
        run = place.study.run
        profile = profile_sheet(latent, run, place.user) if run and viewer.sees_hints(latent.pk) else None
        told = {
            **_summary(row),
            "flags": profile.flags if profile else [],
            "firings": latent.firings,
            "histogram": latent.histogram,
            "decile_edges": latent.decile_edges,
            "held_out": detail.held_out,
            "profile": profile,
            "consensuses": [consensus_of(one, place.roles) for one in detail.consensuses],
            "opinions": [opinion_of(one) for one in detail.opinions],
        }
        return Response(LatentFull(told).data)


class Snippets(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_latent_snippets",
            tag=TAG,
            summary="The snippets of one latent",
            description="Text of notes: keep it where the study's consent allows.",
            scope=TokenScope.TEXT,
            roles=RESEARCHER,
            answers={200: LatentSnippets},
        )
    }

    def get(self, request: Request, study: str, index: int) -> Response:
        detail = latent_detail(self.place.study, index, viewer=self.place.onlooker, results=None)
        snippets = [_snippet(group.kind, one) for group in detail.groups for one in group.snippets]
        return Response(LatentSnippets({"index": index, "hidden": detail.hidden, "snippets": snippets}).data)


def _wanted(query: dict[str, Any], viewer: Onlooker) -> LatentFilter:
    """Raises PermissionDenied for a filter that would tell what the viewer may not see, were it only by counting."""
    sampled = query["show"] == "sample"
    if "state" in query and not sampled:
        raise ValidationError({"?state": "Only latents of the sample have a state. Ask with show=sample."})
    if "state" in query and not viewer.sees_results:
        raise PermissionDenied(
            "The state of a latent tells what others said of it, and stays hidden while you may rate."
        )
    if "flag" in query and viewer.may_yet_rate:
        raise PermissionDenied("A flag hints at what a latent is, and stays hidden while you may rate.")
    low, high = query.get("denser_than"), query.get("at_most_as_dense_as")
    density = None if low is None and high is None else (-1.0 if low is None else low, 1.0 if high is None else high)
    return LatentFilter(
        sampled=sampled,
        state=LatentState(query["state"]) if "state" in query else None,
        density=density,
        flag=LatentFlag(query["flag"]) if "flag" in query else None,
        sort=query["ordering"].removeprefix("-"),
        descending=query["ordering"].startswith("-"),
    )


def _concept_key(place: Place) -> str:
    return rubric_words(place.study.rubric).concept_key


def _summary(row: LatentRow) -> dict[str, Any]:
    latent, sampled = row.latent, row.sampled
    return {
        "index": latent.index,
        "identity": latent.identity,
        "density": latent.density,
        "documents": latent.documents,
        "max_activation": latent.max_activation,
        "position": sampled.position if sampled else None,
        "stratum": sampled.stratum if sampled else None,
        "state": row.state,
        "hidden": row.hidden,
        "ratings": row.ratings,
        "concept": row.concept or None,
        "share": row.share,
        "flags": row.flags,
    }


def _snippet(kind: SnippetKind, one: Any) -> dict[str, Any]:
    names = ("text", "tokens", "peak", "decile", "place", "before", "after")
    return {"kind": kind, **{name: getattr(one, name) for name in names}}
