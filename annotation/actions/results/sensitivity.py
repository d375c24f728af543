"""What a study's results become with any one rater, institution or round left out: computed once it is quiet.

These are as many refits as there are people and rounds. They come after the results themselves, one step each, and
follow the study's thresholds: other thresholds lay them out anew, and a step that they do not touch keeps its rows.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Max

from annotation.actions.results.laid_answers import LaidAnswers
from annotation.actions.results.laying_down import alone
from annotation.actions.results.questions import LEVELS, domain
from annotation.actions.results.storing import drop
from annotation.enums import ItemKind
from annotation.models import Consensus, ResultInputs, ResultRun, ResultStep, Sensitivity
from annotation.queries.judging import as_consensus, judged_with, thresholds_of
from annotation.queries.rating_records import science_item
from annotation.queries.result_inputs import Inputs, pack, read_inputs
from annotation.queries.result_method import METHOD
from annotation.science.ambiguity import judge
from annotation.science.clc_parameters import ClcParameters
from annotation.science.clc_result import LatentConsensus
from annotation.science.digest import digest
from annotation.science.sensitivity import VERSION, Kind, LeftOut, left_out_of, staying, without
from annotation.science.types import Undefined, Value, open_item


@transaction.atomic
def lay_sensitivity(*, run: ResultRun) -> bool:
    """Lay out the run's steps of sensitivity by the study's thresholds as they are. False if others are laying down, or
    if the study has moved on: the next run has its own.
    """
    if not alone(run.study_id, wait=False):
        return False
    run = ResultRun.objects.select_for_update(no_key=True, of=("self",)).select_related("study__rubric").get(pk=run.pk)
    inputs = read_inputs(run.study)
    if inputs.digest(version=METHOD, parameters=asdict(ClcParameters())) != run.input_digest:
        return False
    drop(Sensitivity, [run.pk])
    run.steps.filter(kind="sensitivity").delete()
    ResultInputs.objects.update_or_create(run=run, defaults={"content": pack(inputs)})
    first = (run.steps.aggregate(Max("position"))["position__max"] or 0) + 1
    steps = sensitivity_steps(inputs)
    for position, step in enumerate(steps, start=first):
        step.run, step.position = run, position
    ResultStep.objects.bulk_create(steps)
    run.left_out_with = judged_with(run.study)
    run.save(update_fields=["left_out_with"])
    return True


def sensitivity_steps(inputs: Inputs) -> list[ResultStep]:
    """The deciding item first: its accepted labels and cases are what most people look for."""
    laid = LaidAnswers(inputs)
    asked = [item for item in inputs.items if ItemKind(item.kind) in LEVELS]
    asked.sort(key=lambda item: item.key != inputs.standing["deciding"])
    return [
        ResultStep(kind="sensitivity", item=item.key, part=f"{kind}:{name}" if name else kind)
        for item in asked
        for kind, name in left_out_of(laid.counted(item.key)[1])
    ]


class Refit:
    """One item with one rater, institution or round left out."""

    def __init__(self, step: ResultStep, laid: LaidAnswers) -> None:
        kind, _, self.left_out = step.part.partition(":")
        self.kind: Kind = kind  # type: ignore[assignment]
        self.item, self.answers = laid.counted(step.item)
        self.inputs, self.laid = laid.inputs, laid
        self.decides = step.item == self.inputs.standing["deciding"]
        self.before = accepted_labels(step.run, self.inputs) if self.decides else {}

    @property
    def digest(self) -> str:
        rest = staying(self.answers, self.kind, self.left_out)
        standing: Mapping[str, Any] = {**self.inputs.standing, "before": self.before} if self.decides else {}
        known = self.inputs.known.by_item.get(self.item.key, ()) if self.decides else ()
        others = sorted({answer.institution for answer in self.answers} - {answer.institution for answer in rest})
        return digest(
            [one for one in known if one.rater != self.left_out],
            version=VERSION,
            method=METHOD,
            kind=self.item.kind,
            options=[option["value"] for option in self.item.options],
            answers=self.laid.lines(rest),
            latents=sorted({answer.latent for answer in self.answers}) if self.decides else [],
            seed=self.inputs.seed,
            parameters=asdict(ClcParameters()),
            standing=standing,
            gone=others if self.decides else [],
        )

    def row(self) -> Sensitivity:
        kind, standing = ItemKind(self.item.kind), self.inputs.standing
        found = without(
            self.kind,
            self.left_out,
            self.answers,
            open_item() if kind == ItemKind.FLAGS else science_item(self.item),
            ClcParameters(),
            thresholds_of(standing["thresholds"]) if self.decides else None,
            accepted=self.before,
            seed=self.inputs.seed,
            calibration=self.inputs.known.by_item.get(self.item.key, ()) if self.decides else (),
            level=LEVELS[kind],
            extra_rounds=standing["extra_rounds"],
            institutions_in_study=standing["thresholds"]["institutions"],
            domain=domain(self.item),
        )
        return _row(self.item.key, found)


def _row(item: str, found: LeftOut) -> Sensitivity:
    return Sensitivity(
        item=item,
        kind=found.kind,
        left_out=found.left_out,
        alpha=None if isinstance(found.alpha, Undefined) else found.alpha.value,
        undefined_reason=found.alpha.reason if isinstance(found.alpha, Undefined) else "",
        changed=[{"latent": int(one.latent), "before": one.before, "after": one.after} for one in found.changed],
        **{str(outcome): latents for outcome, latents in (found.verdicts or {}).items()},
    )


def accepted_labels(run: ResultRun, inputs: Inputs) -> dict[str, Value]:
    """By latent, the label that the run's consensus and the study's thresholds accept."""
    standing = inputs.standing
    thresholds = thresholds_of(standing["thresholds"])
    rows = Consensus.objects.filter(run=run, item=standing["deciding"]).defer("breakdown").order_by("pk")
    found = {}
    for row in rows.iterator(chunk_size=2000):
        consensus = as_consensus(row)
        verdict = judge(
            consensus,
            thresholds,
            extra_rounds_used=0,
            institutions_in_study=int(standing["thresholds"]["institutions"]),
        )
        if verdict.outcome == "accepted" and isinstance(consensus, LatentConsensus):
            found[consensus.latent] = consensus.winner
    return found
