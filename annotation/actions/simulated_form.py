"""One simulated rating as a filled-in page: answers, words attached as evidence, fits, a second meaning."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from annotation.actions.simulated_words import vocabulary
from annotation.enums import Fit, ItemKind
from annotation.models import RubricItem
from annotation.queries.peak_words import peak_place, peak_word
from annotation.queries.shown_snippets import ShownSnippet, SnippetGroup
from annotation.rules.evidence import Marks, Word
from annotation.science.simulate import SimulatedRating
from annotation.science.simulated_world import SimulatedLatent

EVIDENCE_SHARE, FIT_SHARE, SECOND_SHARE = 0.6, 0.4, 0.35
"""Shares of the answered ratings that have words attached, fits marked, and (of ambiguous latents) a second meaning."""
MOST_WORDS = 3
RATIONALES = (
    "Simulated: the strongest snippets share “{concept}”, and the look-alikes do not.",
    "Simulated: wherever it fires most, the note speaks of “{concept}”.",
    "Simulated: I read “{concept}” in the top snippets; the weaker ones are mixed.",
    "Simulated: “{concept}” stands at the peak in most snippets shown.",
)


def form_of(rating: SimulatedRating, items: Sequence[RubricItem], rng: np.random.Generator) -> dict[str, Any]:
    """By item key, as a page sends it. What is not asked is dropped later."""
    form: dict[str, Any] = {"outcome": rating.outcome, "rationale": ""}
    if rating.outcome != "answered":
        return form
    form["rationale"] = str(rng.choice(RATIONALES)).format(concept=rating.concept)
    return form | {item.key: _answer(item, rating, rng) for item in items}


def _answer(item: RubricItem, rating: SimulatedRating, rng: np.random.Generator) -> Any:
    """What the simulator knows nothing of is drawn, or said to be simulated."""
    values = [option["value"] for option in item.options]
    if item.kind == ItemKind.CONCEPT:
        return rating.concept
    if item.kind == ItemKind.TEXT:
        return "Simulated: a few snippets read as something else."
    if item.kind == ItemKind.FLAGS:
        return sorted(rating.flags & set(values))
    if item.kind == ItemKind.NOMINAL:
        return rating.category if rating.category in values else values[int(rng.integers(len(values)))]
    wished = rating.confidence if item.kind == ItemKind.CONFIDENCE else getattr(rating, item.key, rating.coherence)
    return min(values, key=lambda point: abs(point - (wished or 0)))


def marks_of(
    rating: SimulatedRating, latent: SimulatedLatent, groups: Sequence[SnippetGroup], rng: np.random.Generator
) -> Marks:
    """What she points at: the words that peak in the strongest snippets, and whether their concept is hers."""
    if rating.outcome != "answered" or rating.concept is None:
        return Marks()
    points, fits, states_both = (float(rng.random()) < share for share in (EVIDENCE_SHARE, FIT_SHARE, SECOND_SHARE))
    firing = [snippet for group in groups for snippet in group.snippets if snippet.fires]
    return Marks(
        evidence=_evidence(firing) if points else (),
        fits={snippet.pk: _fit(snippet, rating.concept, rng) for snippet in firing} if fits else {},
        second_concept=_second(rating.concept, latent) if latent.ambiguous and states_both else "",
    )


def _evidence(firing: Sequence[ShownSnippet]) -> tuple[Word, ...]:
    places = ((snippet.pk, peak_place(snippet.text, snippet.tokens)) for snippet in firing)
    words = [Word(snippet=pk, start=place[0], end=place[1]) for pk, place in places if place]
    return tuple(words[:MOST_WORDS])


def _fit(snippet: ShownSnippet, concept: str, rng: np.random.Generator) -> Fit:
    if vocabulary().concept_of(peak_word(snippet.text, snippet.tokens)) == concept:
        return Fit.FITS
    return Fit.UNSURE if rng.random() < 0.3 else Fit.DOES_NOT_FIT


def _second(concept: str, latent: SimulatedLatent) -> str:
    """The rival of what she named."""
    others = (option.concept for option in latent.concepts[:2])
    return next(other for other in others if other != concept)
