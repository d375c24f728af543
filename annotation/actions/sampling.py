"""Draws a study's sample of latents, seeded and stratified, and takes in their snippets."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from annotation import gateway
from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import Document, Latent, MiningRun, SampledLatent, Snippet, Study, User
from annotation.rules.refusal import Refused
from annotation.rules.states import check_run_finished
from annotation.science import sampling
from annotation.science.types import ScienceError

DENSITY_BANDS = ((0.001, "rare"), (0.005, "occasional"), (0.02, "common"), (1.0, "frequent"))
"""Upper density of each stratum: below 0.1 %, 0.5 % and 2 % of tokens, and above."""


@transaction.atomic
def draw_sample(*, study: Study, by: User | None, now: datetime) -> list[SampledLatent]:
    """The study's latents, in the order in which they were drawn. A study is sampled once.

    Raises Refused if there is no finished run, a sample already, or fewer eligible latents than asked for.
    """
    study = Study.objects.select_for_update(of=("self",)).select_related("run").get(pk=study.pk)
    check_run_finished(study)
    if study.sample.exists():
        raise Refused("The sample of this study has been drawn. A new sample needs a new study.")
    assert study.run is not None
    latents = list(Latent.objects.filter(run=study.run).order_by("index"))
    chosen = _choose(study, latents)
    drawn = [latents[index] for index, _ in chosen]
    store_snippets(run=study.run, latents=drawn)
    sample = SampledLatent.objects.bulk_create(
        SampledLatent(study=study, latent=latents[index], position=position, stratum=stratum)
        for position, (index, stratum) in enumerate(chosen, start=1)
    )
    audit.record(AuditVerb.SAMPLE_DRAWN, study, by=by, now=now, study=study, seed=study.seed, latents=len(sample))
    return sample


def density_band(density: float) -> str:
    return next(name for bound, name in DENSITY_BANDS if density <= bound)


def _choose(study: Study, latents: list[Latent]) -> list[tuple[int, str]]:
    try:
        sample = sampling.draw_sample(
            [latent.density for latent in latents],
            [latent.documents for latent in latents],
            [density_band(latent.density) for latent in latents],
            wanted=study.sample_size,
            seed=study.seed,
            minimum_documents=study.minimum_documents,
            maximum_density=study.maximum_density,
        )
    except ScienceError as error:
        raise Refused(str(error)) from error
    return list(zip(sample.indices, sample.strata, strict=True))


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
