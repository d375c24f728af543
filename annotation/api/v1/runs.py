"""The study's mining run: what was mined, how far it is, how well the SAE reconstructs; stopping it and going on."""

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions.mining import cancel_run, resume_run, retry_run, run_progress
from annotation.api.v1.base import StudyView
from annotation.api.v1.operations import Operation
from annotation.api.v1.preconditions import check_match, tagged
from annotation.api.v1.strict import StrictShape
from annotation.enums import Role, RunState, TokenScope
from annotation.models import MiningRun
from annotation.queries.reconstruction import reconstruction
from annotation.rules.refusal import NotYours, Refused

TAG = "Mining run"
WISHES = [RunState.CANCELLED.value, RunState.QUEUED.value]
RUNNING = (Role.RESEARCHER, Role.COORDINATOR)


class ReconstructionFigure(serializers.Serializer[Any]):
    """A figure of merit of the SAE: declared by its makers, measured on this corpus."""

    name = serializers.CharField()
    meaning = serializers.CharField()
    declared = serializers.FloatField(allow_null=True)
    measured = serializers.FloatField(allow_null=True)


class RunDetail(serializers.Serializer[Any]):
    """A mining run: one SAE of one language model over one corpus."""

    id = serializers.IntegerField(source="pk")
    digest = serializers.CharField(help_text="Of what was asked for.")
    state = serializers.ChoiceField(choices=RunState.choices)
    language_model = serializers.CharField(source="sae.language_model.name")
    sae = serializers.CharField(source="sae.name")
    hook_point = serializers.CharField(source="sae.hook_point")
    width = serializers.IntegerField(source="sae.width", allow_null=True)
    corpus = serializers.CharField(source="corpus.name")
    requested_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField(help_text="Why it failed; empty where it did not.")
    retry_helps = serializers.BooleanField()
    reconstruction = ReconstructionFigure(many=True)


class RunProgress(serializers.Serializer[Any]):
    """Where the run is, by the worker's own account. `phase` is null while no worker has taken it up."""

    state = serializers.ChoiceField(choices=RunState.choices)
    phase = serializers.CharField(allow_null=True)
    done = serializers.IntegerField()
    total = serializers.IntegerField(help_text="0 while it is not known.")
    seconds_left = serializers.FloatField(allow_null=True)


class RunChange(StrictShape):
    """`cancelled` stops a run that is under way; `queued` lets a cancelled or failed one go on."""

    state = serializers.ChoiceField(choices=WISHES)


class Run(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_run",
            tag=TAG,
            summary="The study's mining run",
            scope=TokenScope.READ,
            roles=RUNNING,
            answers={200: RunDetail},
            tagged=True,
        ),
        "PATCH": Operation(
            id="change_run",
            tag=TAG,
            summary="Stop the run, or let it go on",
            description="What was mined is kept.",
            scope=TokenScope.DIRECT,
            roles=(Role.RESEARCHER,),
            request=RunChange,
            answers={200: RunDetail},
            conflicts=True,
            tagged=True,
        ),
    }

    def get(self, request: Request, study: str) -> Any:
        return tagged(request, _told(self._run()))

    def patch(self, request: Request, study: str) -> Any:
        run = self._run()
        check_match(request, _told(run))
        wish = RunChange(data=request.data)
        wish.is_valid(raise_exception=True)
        self.place.study.run = run
        if wish.validated_data["state"] == RunState.CANCELLED:
            cancel_run(study=self.place.study, by=self.place.user, now=timezone.now())
        elif run.state == RunState.FAILED:
            retry_run(run=run, by=self.place.user, now=timezone.now())
        elif run.state == RunState.CANCELLED:
            resume_run(study=self.place.study, by=self.place.user, now=timezone.now())
        else:
            raise Refused(f"Only a cancelled or failed run can go on; this one is {run.state}.")
        return tagged(request, _told(self._run()))

    def _run(self) -> MiningRun:
        return find_run(self.place.study.run_id)


class Progress(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_run_progress",
            tag=TAG,
            summary="How far the run is",
            scope=TokenScope.READ,
            roles=RUNNING,
            answers={200: RunProgress},
        )
    }

    def get(self, request: Request, study: str) -> Response:
        run = find_run(self.place.study.run_id)
        seen = run_progress(run)
        told = {
            "state": run.state,
            "phase": seen.phase if seen else None,
            "done": max(seen.done, 0) if seen else 0,
            "total": max(seen.total, 0) if seen else 0,
            "seconds_left": seen.seconds_left if seen else None,
        }
        return Response(RunProgress(told).data)


def find_run(pk: int | None) -> MiningRun:
    """Raises NotYours before one was asked for."""
    run = MiningRun.objects.select_related("sae__language_model", "corpus").filter(pk=pk).first() if pk else None
    if run is None:
        raise NotYours("The study has no mining run yet.")
    return run


def _told(run: MiningRun) -> dict[str, Any]:
    run.reconstruction = reconstruction(run)  # type: ignore[attr-defined]
    return dict(RunDetail(run).data)
