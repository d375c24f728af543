"""Fills a study with simulated raters, through the same actions as people's: claims, submits, results, cases.

Everything they say is derived from the latents' own snippets and a seed. The study is marked as simulated.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np

from annotation.actions.cases import decide_case
from annotation.actions.claiming import claim
from annotation.actions.follow_up import follow_up
from annotation.actions.rating import submit_rating
from annotation.actions.results import compute_results
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import DecisionOutcome, DisagreementCause, ItemKind, Role, SnippetKind
from annotation.models import Membership, RubricItem, SampledLatent, Snippet, Study, User
from annotation.rules.refusal import Refused
from annotation.science.simulate import SimulatedRating, simulated_ratings
from annotation.science.simulated_world import (
    Candidates,
    ConceptOption,
    Read,
    SimulatedLatent,
    SimulatedRater,
    simulated_latents,
    simulated_raters,
)

WORD = re.compile(r"\w[\w'/-]*\w|\w")
PASSES = 4
"""The first round and two extra ones, and one more to see that nothing is left."""


def simulate_ratings(*, study: Study, now: datetime) -> None:
    """Let every annotator of a simulated study rate until nothing is left for her, extra rounds included."""
    if not study.simulated:
        raise Refused("Simulated raters may only rate in a study that is marked as simulated.")
    rng = np.random.default_rng(study.seed)
    members = list(
        Membership.objects.filter(study=study, role=Role.ANNOTATOR).select_related("user", "institution").order_by("pk")
    )
    raters = {rater.rater: rater for rater in _raters(members, rng)}
    latents = {latent.latent: latent for latent in _latents(study, rng)}
    for _ in range(PASSES):
        given = _rate_in_turns(study, members, latents, raters, rng, now)
        compute_results(study_id=study.pk, now=now)
        follow_up(study_id=study.pk, now=now)
        if not given:
            return


def decide_some_cases(*, study: Study, by: User, share: float, now: datetime) -> int:
    """Let a simulated adjudicator decide the first `share` of the open cases. Returns how many."""
    cases = list(study.cases.order_by("pk").select_related("latent"))
    chosen = cases[: round(share * len(cases))]
    for turn, case in enumerate(chosen):
        irreducible = turn % 2 == 1
        concept = (
            case.latent.ratings.exclude(concept=None).order_by("pk").values_list("concept__name", flat=True).first()
        )
        decide_case(
            case=case,
            by=by,
            now=now,
            rubric_needs_clause=False,
            concept="" if irreducible else concept or "",
            outcome=DecisionOutcome.IRREDUCIBLE if irreducible or not concept else DecisionOutcome.CONCEPT,
            cause=DisagreementCause.SEVERAL_MEANINGS if irreducible else DisagreementCause.SYNONYMS,
            rationale="Simulated decision: the opinions were read side by side.",
        )
    return len(chosen)


def _raters(members: Iterable[Membership], rng: np.random.Generator) -> tuple[SimulatedRater, ...]:
    by_institution: dict[str, list[str]] = {}
    for member in members:
        assert member.institution is not None
        by_institution.setdefault(member.institution.code, []).append(member.pseudonym)
    return simulated_raters(by_institution, rng)


def _latents(study: Study, rng: np.random.Generator) -> tuple[SimulatedLatent, ...]:
    items = {item.kind: item for item in study.rubric.items.all()}
    categories = [str(option["value"]) for option in items[ItemKind.NOMINAL].options]
    flags = [str(option["value"]) for option in items[ItemKind.FLAGS].options] if ItemKind.FLAGS in items else []
    sample = study.sample.select_related("latent").order_by("position")
    return simulated_latents([_candidates(latent, categories) for latent in sample], rng, flags=flags)


def _candidates(sampled: SampledLatent, categories: list[str]) -> Candidates:
    """What might be said of a latent: the words at its peaks, most frequent first."""
    snippets = Snippet.objects.filter(
        latent=sampled.latent, kind__in=[SnippetKind.TOP, SnippetKind.DECILE]
    ).select_related("document")
    counted = Counter(word for snippet in snippets if (word := peak_word(snippet)))
    words = [word for word, _ in counted.most_common(3)]
    words += [word for word in ("several meanings", "wording of the note") if len(words) < 3][: 3 - len(words)]
    options = tuple(ConceptOption(concept=word, category=categories[_number(word) % len(categories)]) for word in words)
    clinical = any(len(word) > 3 for word in words[:2])
    return Candidates(latent=str(sampled.pk), concepts=options, clinical=clinical)


def peak_word(snippet: Snippet) -> str:
    """The whole word around the snippet's strongest token, in lower case; empty if it is no word."""
    if not snippet.tokens:
        return ""
    peak: dict[str, Any] = max(snippet.tokens, key=lambda token: token["activation"])
    text = snippet.document.text[snippet.start : snippet.end]
    for word in WORD.finditer(text):
        if word.start() < peak["end"] and word.end() > peak["start"]:
            return word.group().lower()[:60]
    return ""


def _rate_in_turns(
    study: Study,
    members: list[Membership],
    latents: dict[str, SimulatedLatent],
    raters: dict[str, SimulatedRater],
    rng: np.random.Generator,
    now: datetime,
) -> int:
    """Everyone rates one latent at a time, in turn, so that the work is shared. Returns how many ratings came in."""
    count, waiting = 0, list(members)
    while waiting:
        for member in list(waiting):
            slot = claim(study=study, by=member.user, now=now)
            if slot is None:
                waiting.remove(member)
                continue
            read = Read(latent=str(slot.latent_id), rater=member.pseudonym)
            latent, rater = latents[read.latent], raters[member.pseudonym]
            (rating,) = simulated_ratings([latent], [rater], [read], rng)
            submit_rating(
                ticket=read_ticket(write_ticket(slot), by=member.user),
                raw=_form(study, rating, rng),
                by=member.user,
                active_seconds=round(float(rng.gamma(6.0, 8.0)), 1),
                now=now,
            )
            count += 1
    return count


def _form(study: Study, rating: SimulatedRating, rng: np.random.Generator) -> dict[str, Any]:
    form: dict[str, Any] = {"outcome": rating.outcome, "rationale": ""}
    if rating.outcome != "answered":
        return form
    form["rationale"] = str(rng.choice(RATIONALES)).format(concept=rating.concept)
    for item in study.rubric.items.all():
        form[item.key] = _answer(item, rating, rng)
    return form


def _answer(item: RubricItem, rating: SimulatedRating, rng: np.random.Generator) -> Any:
    """What the simulator knows nothing of is drawn, or said to be simulated. What is not asked is dropped later."""
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


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


RATIONALES = (
    "Simulated: the strongest snippets share “{concept}”, and the look-alikes do not.",
    "Simulated: wherever it fires most, the note speaks of “{concept}”.",
    "Simulated: I read “{concept}” in the top snippets; the weaker ones are mixed.",
    "Simulated: “{concept}” stands at the peak in most snippets shown.",
)
