"""How a mining run ended: its manifest and latents are taken in, or its failure."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction

from annotation import gateway
from annotation.actions import audit
from annotation.actions.matching import ask_for_matches
from annotation.actions.mining import UNDER_WAY
from annotation.actions.subjects import note_facts
from annotation.enums import AuditVerb, RunState
from annotation.models import Latent, LatentProfile, MiningRun

PROFILE = (
    *("flags", "promoted", "suppressed", "neighbours", "coactivation"),
    *("peak_tokens", "specialties", "sections", "positions"),
)
"""Columns of a run's latents that go into their profiles."""
BATCH = 2_000
NUL_PICTURE = "\u2400"


@transaction.atomic
def note_run_ended(*, digest: str, now: datetime) -> MiningRun | None:
    """Take in the run's manifest and latents, or its failure; None if it is unknown or still going. Twice is once."""
    run = MiningRun.objects.select_for_update(no_key=True).filter(digest=digest).first()
    if run is None or run.state == RunState.FINISHED:
        return run
    ended = gateway.outcome(settings.ARTIFACT_ROOT, digest)
    if ended is None:
        return None
    if isinstance(ended, gateway.Failure):
        return _note_failure(run, ended, now)
    _store_latents(run, gateway.latents(settings.ARTIFACT_ROOT, digest))
    note_facts(run=run, manifest=ended)
    run.state, run.failure, run.manifest, run.ended_at = RunState.FINISHED, "", ended.to_dict(), now
    run.save()
    audit.record(AuditVerb.RUN_ENDED, run, by=None, now=now, state=run.state, files=ended.files)
    ask_for_matches(run=run, now=now)
    return run


def _note_failure(run: MiningRun, failure: gateway.Failure, now: datetime) -> MiningRun:
    """A run that somebody cancelled stays cancelled, whatever its workers said when they stopped."""
    if run.state not in UNDER_WAY:
        return run
    run.state, run.failure, run.retry_helps, run.ended_at = RunState.FAILED, failure.sentence, failure.retry_helps, now
    run.save()
    audit.record(AuditVerb.RUN_ENDED, run, by=None, now=now, state=run.state)
    return run


def _store_latents(run: MiningRun, rows: Iterator[dict[str, Any]]) -> None:
    """A batch at a time: 65,536 latents with their profiles would not fit beside the web worker otherwise."""
    while batch := list(islice(rows, BATCH)):
        profiles = [{column: _storable(row.pop(column)) for column in PROFILE if column in row} for row in batch]
        latents = Latent.objects.bulk_create(Latent(run=run, **row) for row in batch)
        LatentProfile.objects.bulk_create(
            LatentProfile(latent=latent, **profile)
            for latent, profile in zip(latents, profiles, strict=True)
            if profile
        )


def _storable(rows: list[Any]) -> list[Any]:
    """A vocabulary of bytes has a token NUL, which no database text can hold: it is written as its picture."""
    return [
        row | {"token": row["token"].replace("\x00", NUL_PICTURE)} if isinstance(row, dict) and "token" in row else row
        for row in rows
    ]
