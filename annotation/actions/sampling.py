"""Draws a study's sample of latents, seeded and stratified, and takes in their snippets."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from annotation import gateway
from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import Document, Latent, MiningRun, SampledLatent, Snippet, Study, User
from annotation.rules.membership import check_researcher
from annotation.rules.refusal import Refused
from annotation.rules.states import check_run_finished
from annotation.science import sampling
from annotation.science.sampling import Sample
from annotation.science.types import ScienceError


@transaction.atomic
def draw_sample(*, study: Study, by: User | None, now: datetime) -> list[SampledLatent]:
    """The study's latents, in the order in which they were drawn. A study is sampled once.

    Raises Refused if there is no finished run, a sample already, or fewer eligible latents than asked for.
    """
    check_researcher(by, study)
    study = Study.objects.select_for_update(of=("self",), no_key=True).select_related("run").get(pk=study.pk)
    check_run_finished(study)
    if study.sample.exists():
        raise Refused("The sample of this study has been drawn. A new sample needs a new study.")
    assert study.run is not None
    latents = list(Latent.objects.filter(run=study.run).order_by("index"))
    chosen = _choose(study, latents)
    store_snippets(run=study.run, latents=[latents[index] for index in chosen.indices])
    # Drawn in the order of the SAE's columns, handed out in a seeded random one.
    order = np.random.default_rng(study.seed).permutation(len(chosen.indices))
    sample = SampledLatent.objects.bulk_create(
        SampledLatent(study=study, latent=latents[chosen.indices[i]], position=position, stratum=chosen.strata[i])
        for position, i in enumerate(order.tolist(), start=1)
    )
    study.sample_frame = asdict(chosen) | {"indices": list(chosen.indices)}
    study.save(update_fields=["sample_frame"])
    audit.record(AuditVerb.SAMPLE_DRAWN, study, by=by, now=now, study=study, seed=study.seed, latents=len(sample))
    return sample


def _choose(study: Study, latents: list[Latent]) -> Sample:
    try:
        sample = sampling.draw_sample(
            [latent.density for latent in latents],
            [latent.documents for latent in latents],
            wanted=study.sample_size,
            seed=study.seed,
            minimum_documents=study.minimum_documents,
            maximum_density=study.maximum_density,
        )
    except ScienceError as error:
        raise Refused(str(error)) from error
    if not sample.indices:
        raise Refused(sample.note)
    return sample


def store_snippets(*, run: MiningRun, latents: list[Latent]) -> None:
    """Take the latents' snippets from the run's artifact into the database; those that are there stay."""
    missing = {latent.index: latent for latent in latents if not latent.snippets.exists()}
    rows = list(gateway.snippets(settings.ARTIFACT_ROOT, run.digest, missing)) if missing else []
    documents = _documents(run, rows)
    Snippet.objects.bulk_create(
        (
            Snippet(
                latent=missing[row.pop("latent")],
                document_id=documents[row.pop("document")],
                **row,
            )
            for row in rows
        ),
        batch_size=1000,
    )


def _documents(run: MiningRun, rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    keys = {row["document"] for row in rows}
    return dict(Document.objects.filter(corpus=run.corpus, key__in=keys).values_list("key", "pk"))
