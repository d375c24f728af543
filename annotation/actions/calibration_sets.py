"""Draws the calibration sets: latents beside the sample, from its strata, that raters answer before all others."""

from dataclasses import asdict
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import Max

from annotation.actions import audit
from annotation.actions.sampling import store_snippets
from annotation.enums import AuditVerb
from annotation.models import Latent, SampledLatent, Study, User
from annotation.rules.calibration import SETS
from annotation.rules.membership import check_researcher
from annotation.rules.refusal import Refused
from annotation.rules.states import check_run_finished
from annotation.science import sampling
from annotation.science.sampling import Sample
from annotation.science.types import ScienceError

SMALLEST, LARGEST = 3, 50
"""Latents a set: fewer tell nothing of a rater, more keep her from her work."""


@transaction.atomic
def draw_calibration_sets(*, study: Study, latents: int, by: User | None, now: datetime) -> list[SampledLatent]:
    """Both sets, `latents` each, none of them in the sample. A study's sets are drawn once, after its sample.

    Raises Refused before the sample is drawn, a second time, or if too few eligible latents are left.
    """
    check_researcher(by, study)
    study = Study.objects.select_for_update(of=("self",), no_key=True).select_related("run").get(pk=study.pk)
    check_run_finished(study)
    if not SMALLEST <= latents <= LARGEST:
        raise Refused(f"A calibration set has {SMALLEST} to {LARGEST} latents. Ask for a number between them.")
    if not study.sample.exists():
        raise Refused("Draw the sample first: calibration latents are taken from those that it leaves.")
    if SampledLatent.everything.filter(study=study).exclude(calibration_set=None).exists():
        raise Refused(
            "The calibration sets of this study have been drawn. They stay, so that all raters meet the same."
        )
    columns = list(Latent.objects.filter(run=study.run).order_by("index"))
    taken = set(SampledLatent.everything.filter(study=study).values_list("latent", flat=True))
    drawn: list[SampledLatent] = []
    for number in SETS:
        chosen = _choose(study, columns, taken, latents, number)
        drawn += _store(study, columns, chosen, number)
        taken |= {columns[i].pk for i in chosen.indices}
        frame = {"seed": chosen.seed, "strata": asdict(chosen)["frame"], "version": chosen.version}
        audit.record(
            AuditVerb.SAMPLE_DRAWN, study, by=by, now=now, study=study, calibration_set=number, latents=latents, **frame
        )
    return drawn


def _choose(study: Study, columns: list[Latent], taken: set[int], wanted: int, number: int) -> Sample:
    try:
        chosen = sampling.draw_sample(
            [latent.density for latent in columns],
            [latent.documents for latent in columns],
            wanted=wanted,
            seed=study.seed + number,
            minimum_documents=study.minimum_documents,
            maximum_density=study.maximum_density,
            without={i for i, latent in enumerate(columns) if latent.pk in taken},
        )
    except ScienceError as error:
        raise Refused(str(error)) from error
    if len(chosen.indices) < wanted:
        raise Refused(
            f"{len(SETS)} sets of {wanted} latents do not fit beside the sample: set {number} finds only "
            f"{chosen.eligible} eligible ones left. Ask for smaller sets."
        )
    return chosen


def _store(study: Study, columns: list[Latent], chosen: Sample, number: int) -> list[SampledLatent]:
    assert study.run is not None
    store_snippets(run=study.run, latents=[columns[i] for i in chosen.indices])
    last = SampledLatent.everything.filter(study=study).aggregate(Max("position"))["position__max"]
    order = np.random.default_rng([study.seed, number]).permutation(len(chosen.indices)).tolist()
    return SampledLatent.everything.bulk_create(
        SampledLatent(
            study=study,
            latent=columns[chosen.indices[i]],
            position=position,
            stratum=chosen.strata[i],
            calibration_set=number,
        )
        for position, i in enumerate(order, start=last + 1)
    )
