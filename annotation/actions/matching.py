"""Which latents of two runs are the same: asked for when both have finished, taken in when the answer is there."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from annotation import gateway
from annotation.actions import audit
from annotation.enums import AuditVerb, RunState
from annotation.models import Corpus, LatentMatch, MiningRun, RunPair
from annotation.queue import enqueue

BATCH = 5_000
TRIES = 3
"""So often a pair is asked for; one that is never answered cannot be matched."""


def ask_for_matches(*, run: MiningRun, now: datetime) -> list[RunPair]:
    """Pair the finished run with every other finished run of its language model, of another SAE, on its corpus.

    Imported runs are left alone: there are neither weights nor drawn tokens to match by.
    """
    if hasattr(run, "imported"):
        return []
    # Of two runs that end at once, the later one must see the earlier one.
    Corpus.objects.select_for_update(no_key=True).get(pk=run.corpus_id)
    others = MiningRun.objects.filter(
        corpus=run.corpus, sae__language_model=run.sae.language_model_id, state=RunState.FINISHED, imported=None
    ).exclude(sae=run.sae)
    return [_pair(run, other, now) for other in others.order_by("pk") if _same_model(run, other)]


def _same_model(run: MiningRun, other: MiningRun) -> bool:
    """Activations of two revisions of a model are not those of one."""
    manifests = (run.manifest or {}, other.manifest or {})
    return manifests[0].get("model_revision") == manifests[1].get("model_revision")


def _pair(run: MiningRun, other: MiningRun, now: datetime) -> RunPair:
    first, second = sorted((run, other), key=lambda one: one.pk)
    pair, created = RunPair.objects.get_or_create(run=first, other=second, defaults={"asked_at": now})
    if created:
        _send(pair)
    return pair


def ask_again(*, pair: RunPair, now: datetime) -> None:
    """For a pair whose answer has not come, or whose message was lost with its broker."""
    asked = RunPair.objects.filter(pk=pair.pk, ended_at=None, asked__lt=TRIES)
    if asked.update(asked_at=now, asked=F("asked") + 1):
        _send(pair)


def _send(pair: RunPair) -> None:
    enqueue(
        gateway.MATCH_TASK,
        queue=gateway.GPU_QUEUE,
        priority=gateway.MINE_PRIORITY,
        run=pair.run.digest,
        other=pair.other.digest,
    )


@transaction.atomic
def note_match_ended(*, run: str, other: str, now: datetime) -> RunPair | None:
    """Take in the matches of the two runs, named by their digests, in whichever order; None if they are not there.

    Twice is once.
    """
    pair = (
        RunPair.objects.select_for_update(no_key=True, of=("self",))
        .filter(run__digest__in=(run, other), other__digest__in=(run, other))
        .select_related("run", "other")
        .first()
    )
    if pair is None or pair.ended_at is not None:
        return pair
    if not gateway.matches_are_there(settings.ARTIFACT_ROOT, run, other):
        return None
    stored = _store(pair, pair.run, pair.other) + _store(pair, pair.other, pair.run)
    pair.ended_at = now
    pair.save(update_fields=["ended_at"])
    audit.record(AuditVerb.LATENTS_MATCHED, pair, by=None, now=now, matches=stored)
    return pair


def _store(pair: RunPair, run: MiningRun, other: MiningRun) -> int:
    """Latents of `run` with those of `other` that resemble them; how many rows there were."""
    here, there = _ids(run), _ids(other)
    rows, stored = gateway.matches(settings.ARTIFACT_ROOT, run.digest, other.digest), 0
    while batch := list(islice(rows, BATCH)):
        stored += len(LatentMatch.objects.bulk_create(_matches(pair, batch, here, there)))
    return stored


def _matches(
    pair: RunPair, rows: Iterable[dict[str, Any]], here: dict[int, int], there: dict[int, int]
) -> Iterator[LatentMatch]:
    for row in rows:
        yield LatentMatch(
            pair=pair,
            latent_id=here[row["latent"]],
            other_id=there[row["other"]],
            rank=row["rank"],
            cosine=row["cosine"],
            correlation=row["correlation"],
            tokens=row["tokens"],
        )


def _ids(run: MiningRun) -> dict[int, int]:
    return dict(run.latents.values_list("index", "pk"))
