"""Studies that the caller is a member of."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.v1.base import ApiView, StudyView, user_of
from annotation.api.v1.listing import PageQuery, listed, of_list
from annotation.api.v1.operations import Operation, of_items
from annotation.api.v1.preconditions import tagged
from annotation.enums import LatentState, Role, TokenScope
from annotation.models import ApiToken, Study
from annotation.queries.my_roles import roles_by_study
from annotation.queries.sample_frame import state_counts

TAG = "Studies"
SETTINGS = (
    *("sample_size", "minimum_documents", "maximum_density", "seed", "raters_per_latent"),
    *("retest_share", "calibration_threshold", "reading_share"),
    *("accept_q", "accept_theta", "accept_n_eff", "accept_flip_rate"),
)
"""What a researcher reads of how the study is set up."""


class StudySettings(serializers.ModelSerializer[Study]):
    """How latents are drawn, rated and accepted (docs/reference/study-settings.md)."""

    class Meta:
        model = Study
        fields = SETTINGS


class StudySummary(serializers.Serializer[Any]):
    """A study that you are a member of."""

    slug = serializers.SlugField(help_text="Names the study in every address.")
    name = serializers.CharField()
    simulated = serializers.BooleanField(help_text="A program, not people, gave the ratings.")
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), help_text="Yours.")


class LatentsInState(serializers.Serializer[Any]):
    """How many sampled latents are in a state."""

    state = serializers.ChoiceField(choices=LatentState.choices)
    latents = serializers.IntegerField()


class StudyDetail(StudySummary):
    """A study. `settings` is for its researchers; `states` for those of them who may see results."""

    purpose = serializers.CharField()
    created_at = serializers.DateTimeField()
    rubric = serializers.IntegerField(help_text="Id of the rubric version in force.")
    run = serializers.IntegerField(allow_null=True, help_text="Id of the mining run; null before one was asked for.")
    settings = StudySettings(allow_null=True)
    states = LatentsInState(many=True, allow_null=True)


class Studies(ApiView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_studies",
            tag=TAG,
            summary="Your studies",
            description="A token knows one study, and lists that one.",
            scope=TokenScope.READ,
            query=PageQuery,
            answers={200: of_items(StudySummary)},
        )
    }

    def get(self, request: Request) -> Response:
        roles = roles_by_study(user_of(request))
        studies = Study.objects.filter(pk__in=roles).defer("sample_frame")
        if isinstance(request.auth, ApiToken):
            studies = studies.filter(pk=request.auth.study_id)
        page = of_list(studies, self.query, key=lambda study: study.pk)
        items = [_summary(study, roles[study.pk]) for study in page.rows]
        return listed(request, page, StudySummary(items, many=True).data)


class OneStudy(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_study",
            tag=TAG,
            summary="One study",
            scope=TokenScope.READ,
            answers={200: StudyDetail},
            tagged=True,
        )
    }

    def get(self, request: Request, study: str) -> Any:
        place = self.place
        directs = Role.RESEARCHER in place.roles
        told = {
            **_summary(place.study, place.roles),
            "purpose": place.study.purpose,
            "created_at": place.study.created_at,
            "rubric": place.study.rubric_id,
            "run": place.study.run_id,
            "settings": place.study if directs else None,
            "states": state_counts(place.study) if directs and place.onlooker.sees_results else None,
        }
        return tagged(request, StudyDetail(told).data)


def _summary(study: Study, roles: frozenset[Role]) -> dict[str, Any]:
    return {
        "slug": study.slug,
        "name": study.name,
        "simulated": study.simulated,
        "roles": [role for role in Role if role in roles],
    }
