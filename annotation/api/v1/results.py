"""Agreement and consensus: the newest results, for those whom they unblind to nothing."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.v1.base import StudyView
from annotation.api.v1.consensus_shape import ConsensusShape, consensus_of
from annotation.api.v1.listing import PageQuery, listed, of_list, of_rows
from annotation.api.v1.operations import Operation, of_items
from annotation.enums import LatentState, TokenScope
from annotation.models import PairAgreement, ResultRun
from annotation.queries.consensus_filters import Look
from annotation.queries.consensus_table import SORTS, wanted_sample, with_consensus
from annotation.queries.results import agreements, consensus_items, freshness, newest_run, scopes
from annotation.queries.rubric_words import rubric_words
from annotation.rules.blinding import raters_visible
from annotation.rules.refusal import NotYours
from annotation.rules.scopes import ALL

TAG = "Results"
NONE_YET = "Nothing has been computed yet. Agreement and consensus follow by themselves once ratings are in."
ITEM = r"^[-a-zA-Z0-9_]+\Z"


class ResultsDetail(serializers.Serializer[Any]):
    """The newest computation of agreement and consensus."""

    id = serializers.IntegerField(source="pk")
    input_digest = serializers.CharField()
    method_version = serializers.CharField()
    parameters = serializers.JSONField()
    seed = serializers.IntegerField()
    ratings = serializers.IntegerField()
    raters = serializers.IntegerField()
    latents = serializers.IntegerField()
    computed_at = serializers.DateTimeField()
    stale = serializers.BooleanField(help_text="Something has come in since; new results follow by themselves.")
    newer_ratings = serializers.IntegerField()
    scopes = serializers.ListField(child=serializers.CharField(), help_text="For `scope` of agreement.")
    items = serializers.ListField(child=serializers.CharField(), help_text="For `item` of consensus.")


class AgreementShape(serializers.Serializer[Any]):
    """One coefficient on one item. `value` is null with a reason where it is undefined."""

    item = serializers.CharField()
    scope = serializers.CharField()
    coefficient = serializers.CharField()
    level = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="Of the 95 % interval.")
    high = serializers.FloatField(allow_null=True)
    undefined_reason = serializers.CharField()
    interval_reason = serializers.CharField(help_text="Why there is a value but no interval.")
    units = serializers.IntegerField()
    ratings = serializers.IntegerField()
    raters = serializers.IntegerField()


class AgreementQuery(PageQuery):
    scope = serializers.CharField(default=ALL, max_length=60, help_text="One of the results' `scopes`.")
    item = serializers.RegexField(ITEM, required=False, max_length=60)


class PairShape(serializers.Serializer[Any]):
    """Two raters, by pseudonym, on the latents that both rated."""

    item = serializers.CharField()
    first = serializers.CharField()
    second = serializers.CharField()
    latents = serializers.IntegerField()
    raw = serializers.FloatField(allow_null=True)
    kappa = serializers.FloatField(allow_null=True)
    undefined_reason = serializers.CharField()


class PairQuery(PageQuery):
    item = serializers.RegexField(ITEM, required=False, max_length=60)


class ConsensusRowShape(serializers.Serializer[Any]):
    """A latent of the sample with its consensus on the item; null while nobody has answered it."""

    index = serializers.IntegerField()
    position = serializers.IntegerField()
    state = serializers.ChoiceField(choices=LatentState.choices)
    consensus = ConsensusShape(allow_null=True)


class ConsensusQuery(PageQuery):
    item = serializers.RegexField(
        ITEM, required=False, max_length=60, help_text="One of the results' `items`; by default the concept."
    )
    state = serializers.ChoiceField(choices=LatentState.choices, required=False)
    look = serializers.ChoiceField(choices=[look.value for look in Look], required=False, help_text="Worth a look.")
    ordering = serializers.ChoiceField(choices=list(SORTS), default="position")


class ResultsView(StudyView):
    """Refused to everyone whom results would unblind."""

    def newest(self) -> ResultRun:
        """Raises PermissionDenied by blinding, NotYours before anything was computed."""
        self.check_results()
        run = newest_run(self.place.study)
        if run is None:
            raise NotYours(NONE_YET)
        return run


class Results(ResultsView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_results", tag=TAG, summary="The newest results", scope=TokenScope.READ, answers={200: ResultsDetail}
        )
    }

    def get(self, request: Request, study: str) -> Response:
        run = self.newest()
        fresh = freshness(self.place.study)
        names = (
            "pk",
            "input_digest",
            "method_version",
            "parameters",
            "seed",
            "ratings",
            "raters",
            "latents",
            "computed_at",
        )
        told = {name: getattr(run, name) for name in names} | {
            "stale": fresh.stale,
            "newer_ratings": fresh.newer,
            "scopes": scopes(run),
            "items": consensus_items(run),
        }
        return Response(ResultsDetail(told).data)


class Agreements(ResultsView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_agreement",
            tag=TAG,
            summary="Agreement beyond chance",
            description="In the rubric's order, alpha first.",
            scope=TokenScope.READ,
            query=AgreementQuery,
            answers={200: of_items(AgreementShape)},
        )
    }

    def get(self, request: Request, study: str) -> Response:
        run = self.newest()
        if self.query["scope"] not in (offered := scopes(run)):
            raise ValidationError({"?scope": f"There are no figures for this scope. There are: {', '.join(offered)}."})
        item = self.query.get("item")
        rows = [row for row in agreements(run, scope=self.query["scope"]) if item in (None, row.item)]
        page = of_list(enumerate(rows), self.query, key=lambda pair: pair[0], of=f"results:{run.pk}")
        return listed(request, page, AgreementShape([row for _, row in page.rows], many=True).data)


class Pairs(ResultsView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_pair_agreement",
            tag=TAG,
            summary="Agreement of raters, two by two",
            description="Not for one who adjudicates in the study.",
            scope=TokenScope.READ,
            query=PairQuery,
            answers={200: of_items(PairShape)},
        )
    }

    def get(self, request: Request, study: str) -> Response:
        run = self.newest()
        rows = (
            PairAgreement.objects.filter(run=run) if raters_visible(self.place.roles) else PairAgreement.objects.none()
        )
        if "item" in self.query:
            rows = rows.filter(item=self.query["item"])
        page = of_rows(rows, self.query, of=f"results:{run.pk}")
        return listed(request, page, PairShape(page.rows, many=True).data)


class Consensuses(ResultsView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_consensus",
            tag=TAG,
            summary="Consensus, latent by latent",
            scope=TokenScope.READ,
            query=ConsensusQuery,
            answers={200: of_items(ConsensusRowShape)},
        )
    }

    def get(self, request: Request, study: str) -> Response:
        run, place, query = self.newest(), self.place, self.query
        item = query.get("item") or rubric_words(place.study.rubric).concept_key
        if item not in (offered := consensus_items(run)):
            raise ValidationError({"?item": f"There is no consensus on this item. There is on: {', '.join(offered)}."})
        sample, order = wanted_sample(
            place.study,
            run,
            item=item,
            state=LatentState(query["state"]) if "state" in query else None,
            sort=query["ordering"],
            look=Look(query["look"]) if "look" in query else None,
        )
        page = of_rows(sample, query, order=order, of=f"results:{run.pk}", unique="position")
        items = [
            {
                "index": row.sampled.latent.index,
                "position": row.sampled.position,
                "state": row.sampled.state,
                "consensus": consensus_of(row.consensus, place.roles) if row.consensus else None,
            }
            for row in with_consensus(page.rows, run, item=item)
        ]
        return listed(request, page, ConsensusRowShape(items, many=True).data)
