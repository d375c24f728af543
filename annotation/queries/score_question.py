"""What a program is asked about some rationales: text alone. The truth stays with the batch, and never goes out."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.enums import Scorer, ScoreTask, SnippetKind
from annotation.models import IntruderScore, Rating, Snippet, Study
from annotation.queries.own_words import concept_written, second_concept_written
from annotation.queries.score_trials import ScoreTrials, score_trials
from annotation.queries.scorers_in_use import scorers_in_use
from annotation.science.types import Undefined

HELD_OUT = (SnippetKind.HELD_OUT, SnippetKind.HELD_OUT_RANDOM, SnippetKind.HELD_OUT_HARD)


@dataclass(frozen=True, kw_only=True)
class Question:
    ratings: tuple[int, ...]
    """Those that are asked about."""
    undefined: dict[int, str]
    """By rating, why there is nothing to judge it by, now and ever."""
    detection: tuple[dict[str, Any], ...]
    fuzzing: tuple[dict[str, Any], ...]
    intruder: tuple[dict[str, Any], ...]
    """As saeserve.contract.ScoreRequest has them. Trials are named by rating, intruders by sampled latent and set."""
    truth: dict[str, dict[str, Any]]
    """As ScoreBatch.trials has it."""


def question(study: Study, scorer: Scorer, ratings: Sequence[Rating], *, tasks: Collection[str]) -> Question:
    """Intruders are asked about once a latent and scorer. A latent whose snippets are hidden for now waits."""
    trials = score_trials({rating.latent.latent_id for rating in ratings}, seed=study.seed)
    ready = [one for one in ratings if not isinstance(trials[one.latent.latent_id].detection, Undefined)]
    lacking = [one for one in ratings if isinstance(trials[one.latent.latent_id].detection, Undefined)]
    latents = {one.latent_id: one.latent.latent_id for one in ready}
    asks_intruders = ScoreTask.INTRUDER in tasks
    new = set(latents) - (_known(study, scorer, latents) if asks_intruders else set(latents))
    sets = {sampled: trials[latents[sampled]] for sampled in sorted(new)}
    return Question(
        ratings=tuple(one.pk for one in ready),
        undefined=_undefined(lacking, trials),
        detection=tuple(_detection(one, trials[one.latent.latent_id]) for one in ready),
        fuzzing=tuple(_fuzzing(ready, trials)) if ScoreTask.FUZZING in tasks else (),
        intruder=tuple(row for sampled, found in sets.items() for row in _intruders(sampled, found)),
        truth={
            ScoreTask.DETECTION: {str(latent): list(trials[latent].detection) for latent in latents.values()},  # type: ignore[arg-type]
            ScoreTask.FUZZING: {
                str(latent): [[t.snippet, [list(m) for m in t.marks], t.right] for t in trials[latent].fuzzing]
                for latent in latents.values()
            },
            ScoreTask.INTRUDER: {
                str(sampled): [[list(one.snippets), one.odd] for one in found.intruder]
                for sampled, found in sets.items()
            },
        },
    )


def _known(study: Study, scorer: Scorer, latents: Collection[int]) -> set[int]:
    version = scorers_in_use(study).get(scorer, "")
    rows = IntruderScore.objects.filter(latent__in=latents, scorer=scorer, version=version)
    return set(rows.values_list("latent", flat=True))


def _undefined(ratings: Sequence[Rating], trials: dict[int, ScoreTrials]) -> dict[int, str]:
    """Where a report hides snippets that would suffice, nothing is settled yet."""
    found = {}
    for rating in ratings:
        reason = trials[rating.latent.latent_id].detection
        hidden = Snippet.objects.filter(latent=rating.latent.latent_id, kind__in=HELD_OUT).count()
        if isinstance(reason, Undefined) and hidden == len(trials[rating.latent.latent_id].texts):
            found[rating.pk] = reason.reason
    return found


def _claim(rating: Rating) -> dict[str, Any]:
    label, second = concept_written(rating), second_concept_written(rating)
    return {"trial": rating.pk, "label": f"{label} or {second}" if second else label, "rationale": rating.rationale}


def _detection(rating: Rating, trials: ScoreTrials) -> dict[str, Any]:
    assert not isinstance(trials.detection, Undefined)  # `question` asks about no other.
    return {**_claim(rating), "snippets": [{"id": pk, "text": trials.texts[pk]} for pk in trials.detection]}


def _fuzzing(ratings: Sequence[Rating], trials: dict[int, ScoreTrials]) -> Iterator[dict[str, Any]]:
    for rating in ratings:
        own = trials[rating.latent.latent_id]
        if own.fuzzing:
            snippets = [
                {"id": one.snippet, "text": own.texts[one.snippet], "marks": [list(mark) for mark in one.marks]}
                for one in own.fuzzing
            ]
            yield {**_claim(rating), "snippets": snippets}


def _intruders(sampled: int, trials: ScoreTrials) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(trials.intruder):
        snippets = [{"id": pk, "text": trials.texts[pk]} for pk in one.snippets]
        yield {"trial": f"{sampled}-{number}", "snippets": snippets}
