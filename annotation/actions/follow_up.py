"""After every computation: which latents are settled, which need more raters, which go to adjudication."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from annotation.actions.asking_raters import ask_more, ask_newcomers
from annotation.actions.cases import open_case
from annotation.actions.recomputing import LATER, follow_up_soon
from annotation.enums import LatentState
from annotation.models import Consensus, Institution, ResultRun, SampledLatent, Study
from annotation.queries.judging import (
    as_consensus,
    complete_latents,
    deciding_item,
    judged_with,
    rating_institutions,
    study_thresholds,
)
from annotation.queries.newcomers import newcomers
from annotation.queries.results import newest_run
from annotation.science.ambiguity import Verdict, judge

STATE_FOR = {
    "accepted": LatentState.ACCEPTED,
    "needs_raters": LatentState.AMBIGUOUS,
    "recruiting": LatentState.RECRUITING,
    "persistent": LatentState.PERSISTENT,
}
BATCH = 25
"""Latents in one transaction: raters of the study wait for its audit chain no longer than that takes."""
SLICE_SECONDS = 5.0
"""Of verdicts on one study before a worker looks whether another waits."""
NEW_RATERS = "Raters have joined since it was left waiting for people: they are asked."


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A latent with what the rule makes of it now."""

    latent: Any
    verdict: Verdict
    joined: Sequence[int]
    """Institutions of raters who joined while it waited for people."""

    @property
    def state(self) -> LatentState:
        return STATE_FOR[self.verdict.outcome]

    @property
    def reason(self) -> str:
        return " ".join([*self.verdict.reasons, self.verdict.next_step])

    @property
    def is_news(self) -> bool:
        said = (self.latent.state, self.latent.state_reason)
        return bool(self.joined) or said != (self.state, self.reason)


def follow_up(*, study_id: int, now: datetime, seconds: float | None = None) -> bool:
    """Apply the ambiguity rule to every latent whose places are all taken. Running it again changes nothing more.

    Nothing is computed: changed thresholds alone are judged by what the newest run holds. seconds: to stop after about
    so long; True where verdicts are left for another time.
    """
    until = None if seconds is None else time.monotonic() + seconds
    study = Study.objects.get(pk=study_id)
    run = newest_run(study)
    if run is None:
        return False
    with_what = judged_with(study)
    news = [judged.latent.pk for judged in _judged(study, run) if judged.is_news]
    for start in range(0, len(news), BATCH):
        if until is not None and start and time.monotonic() > until:
            return True
        _judge(study_id, run, news[start : start + BATCH], now)
    ResultRun.objects.filter(pk=run.pk).update(judged_with=with_what)
    return False


def follow_up_a_slice(*, study_id: int, now: datetime, seconds: float = SLICE_SECONDS) -> None:
    """Follow up for about so long, and see that the rest is gone on with."""
    if follow_up(study_id=study_id, now=now, seconds=seconds):
        follow_up_soon(study_id=study_id, priority=LATER)


@transaction.atomic
def _judge(study_id: int, run: ResultRun, latents: Sequence[int], now: datetime) -> None:
    """Once more under the study's lock: what came in between counts."""
    study = Study.objects.select_for_update(no_key=True).get(pk=study_id)
    institutions = rating_institutions(study)
    for judged in _judged(study, run, latents):
        if judged.is_news:
            _apply(judged, institutions, now)


def _judged(study: Study, run: ResultRun, latents: Sequence[int] | None = None) -> Iterator[Judged]:
    """Latents that wait for nobody and whose ratings the run holds; of these, where named."""
    complete, rows = complete_latents(study), Consensus.objects.filter(run=run, item=deciding_item(study))
    if latents is not None:
        complete, rows = complete.filter(pk__in=latents), rows.filter(latent__in=latents)
    found = {row.latent_id: row for row in rows}
    thresholds, institutions = study_thresholds(study), int(judged_with(study)["institutions"])
    waiting = list(complete.filter(newest__lte=run.last_rating))
    joined = newcomers([latent.pk for latent in waiting if latent.state == LatentState.RECRUITING])
    for latent in waiting:
        row = found.get(latent.pk)
        if row is not None and row.ratings + row.cannot_tell < latent.given:
            continue  # A rating came in while this was computed; the next computation has it.
        verdict = judge(
            as_consensus(row),
            thresholds,
            extra_rounds_used=latent.extra_rounds,
            institutions_in_study=institutions,
        )
        yield Judged(latent=latent, verdict=verdict, joined=joined.get(latent.pk, ()))


def _apply(judged: Judged, institutions: list[Institution], now: datetime) -> None:
    latent, state, reason = judged.latent, judged.state, judged.reason
    if state == LatentState.AMBIGUOUS:
        ask_more(latent, institutions, now)
    if state == LatentState.PERSISTENT:
        open_case(latent=latent, why=_why(judged.verdict), now=now)
    if state == LatentState.RECRUITING and ask_newcomers(latent, judged.verdict, judged.joined, institutions, now):
        state, reason = LatentState.AMBIGUOUS, f"{' '.join(judged.verdict.reasons)} {NEW_RATERS}"
    _say(latent, state, reason)


def _say(latent: SampledLatent, state: LatentState, reason: str) -> None:
    if (latent.state, latent.state_reason) != (state, reason):
        latent.state, latent.state_reason = state, reason
        latent.save(update_fields=["state", "state_reason", "extra_rounds"])


WHY = {
    "answers": "Nobody could tell from the snippets.",
    "q": "No single answer is certain enough.",
    "theta": "Opinion is divided.",
    "flip_rate": "Other raters might well have changed the answer.",
    "n_eff": "Few of the opinions are independent.",
    "institutions": "Only one institution has looked.",
}


def _why(verdict: Verdict) -> str:
    """What the adjudicator is told: which criteria failed, neither figures nor the leading answer."""
    return " ".join(WHY[shortfall.criterion] for shortfall in verdict.shortfalls)
