"""The trials that programs are given of a latent: held-out snippets with their text, drawn by the study's seed.

The same for every rationale of the latent, so that its raters are judged on the same snippets. Which snippets fire
stays here; what goes out is text alone.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import F
from django.db.models.functions import Substr

from annotation.models import Snippet
from annotation.queries.hidden_snippets import without_hidden
from annotation.queries.reading_candidates import FIRES, SILENT, arm
from annotation.science.fuzzing import FuzzingTrial, Marked, draw_fuzzing
from annotation.science.intruder import IntruderSet, draw_intruders
from annotation.science.reading_trial import EACH, HeldOut, draw_trial
from annotation.science.types import Undefined

MOST = 20
"""Firing and silent snippets of one trial, each."""
WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class ScoreTrials:
    """Of one latent of the run."""

    detection: tuple[int, ...] | Undefined
    """Snippets, half of them firing."""
    fuzzing: tuple[FuzzingTrial, ...]
    intruder: tuple[IntruderSet, ...]
    texts: Mapping[int, str]
    """Of all its snippets."""


def score_trials(latents: Collection[int], *, seed: int) -> dict[int, ScoreTrials]:
    """By latent of the run. One statement."""
    found = without_hidden(Snippet.objects.filter(latent__in=latents, kind__in=(FIRES, *SILENT)))
    rows = found.annotate(text=Substr("document__text", F("start") + 1, F("end") - F("start"))).order_by("pk")
    grouped: dict[int, list[Snippet]] = defaultdict(list)
    for row in rows:
        grouped[row.latent_id].append(row)
    return {latent: _of(grouped[latent], (seed, latent)) for latent in latents}


def _of(rows: list[Snippet], seed: tuple[int, int]) -> ScoreTrials:
    held = [_held_out(row) for row in rows]
    firing = sum(one.fires for one in held)
    each = max(EACH, min(MOST, firing, len(held) - firing))
    fuzzing = draw_fuzzing([_marked(row) for row in rows if row.kind == FIRES], seed=seed)
    intruder = draw_intruders(held, seed=seed)
    return ScoreTrials(
        detection=draw_trial(held, seed=seed, each=each),
        fuzzing=() if isinstance(fuzzing, Undefined) else fuzzing,
        intruder=() if isinstance(intruder, Undefined) else intruder,
        texts={row.pk: text_of(row) for row in rows},
    )


def text_of(row: Snippet) -> str:
    """As `score_trials` annotates it."""
    return str(getattr(row, "text")).rstrip()  # noqa: B009 -- an annotation, which the model does not declare


def _held_out(row: Snippet) -> HeldOut:
    fires = row.kind == FIRES
    return HeldOut(snippet=row.pk, fires=fires, group=row.decile if fires else arm(row.kind, row.mention))


def _marked(row: Snippet) -> Marked:
    return Marked(
        snippet=row.pk,
        words=tuple(match.span() for match in WORD.finditer(text_of(row))),
        firing=tuple((token["start"], token["end"]) for token in row.tokens),
    )
