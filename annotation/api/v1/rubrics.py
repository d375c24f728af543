"""Rubric versions that the study can see."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.v1.base import StudyView
from annotation.api.v1.listing import PageQuery, listed, of_rows
from annotation.api.v1.operations import Operation, of_items
from annotation.api.v1.preconditions import tagged
from annotation.api.v1.shared_shapes import RubricItemShape
from annotation.enums import Role, TokenScope
from annotation.queries.rubric_versions import find_version, visible_versions

TAG = "Rubrics"


class RubricSummary(serializers.Serializer[Any]):
    """A version of a rubric; a draft while `published_at` is null."""

    id = serializers.IntegerField(source="pk")
    rubric = serializers.CharField(source="rubric.name")
    number = serializers.IntegerField()
    published_at = serializers.DateTimeField(allow_null=True)
    based_on = serializers.IntegerField(source="based_on_id", allow_null=True)


class RubricDetail(RubricSummary):
    """A version of a rubric with its questions."""

    guidance = serializers.CharField()
    sources = serializers.CharField(help_text="What its questions rest on, one a line.")
    items = RubricItemShape(many=True)


class Rubrics(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_rubrics",
            tag=TAG,
            summary="Rubric versions",
            description="The study's own, those of its rounds, and what ships.",
            scope=TokenScope.READ,
            roles=(Role.RESEARCHER,),
            query=PageQuery,
            answers={200: of_items(RubricSummary)},
        )
    }

    def get(self, request: Request, study: str) -> Response:
        page = of_rows(visible_versions(self.place.study), self.query)
        return listed(request, page, RubricSummary(page.rows, many=True).data)


class OneRubric(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_rubric",
            tag=TAG,
            summary="One rubric version",
            scope=TokenScope.READ,
            roles=(Role.RESEARCHER,),
            answers={200: RubricDetail},
            tagged=True,
        )
    }

    def get(self, request: Request, study: str, version: int) -> Any:
        found = find_version(self.place.study, version)
        return tagged(request, RubricDetail(_with_items(found)).data)


def _with_items(version: Any) -> dict[str, Any]:
    summary = ("pk", "rubric", "number", "published_at", "based_on_id", "guidance", "sources")
    return {**{name: getattr(version, name) for name in summary}, "items": list(version.items.order_by("position"))}
