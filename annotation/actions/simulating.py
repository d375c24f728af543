"""Fills a study with simulated raters, through the same actions as people's: claims, submits, results, cases.

Everything they say is derived from the latents' own snippets and a seed. The study is marked as simulated.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

import numpy as np

from annotation.actions.claiming import claim
from annotation.actions.deciding import decide_case
from annotation.actions.declining import decline
from annotation.actions.follow_up import follow_up
from annotation.actions.rating import submit_rating
from annotation.actions.results import compute_results
from annotation.actions.signing import prove_simulated
from annotation.actions.simulated_form import form_of, marks_of
from annotation.actions.simulated_words import vocabulary
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.actions.working_hours import WorkingHours
from annotation.enums import DecisionOutcome, DisagreementCause, ItemKind, Role
from annotation.models import Membership, Rating, RubricItem, SampledLatent, Slot, Study, User
from annotation.queries.peak_words import peak_words
from annotation.queries.shown_snippets import SnippetGroup, snippet_groups
from annotation.rules.decision import GivenDecision
from annotation.rules.handing_out import FIRST_LOOK
from annotation.rules.membership import active
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

PASSES = 5
"""The first round, two extra ones, retests that come due, and one more to see that nothing is left."""
DECLINE_SHARE = 0.02
"""Of the latents that are handed to a simulated rater, those that she gives back as not her field."""
UNSURE = ("several meanings", "wording of the note")
"""What is said of a latent that peaks on fewer than three ideas."""


@dataclass(kw_only=True)
class Cast:
    """The simulated raters of a study and what they know. The same study gives the same ones."""

    study: Study
    items: list[RubricItem]
    raters: dict[str, SimulatedRater]
    latents: dict[int, SimulatedLatent]
    """By sampled latent, those of calibration sets among them."""
    rng: np.random.Generator
    remembered: dict[tuple[int, str], SimulatedRating] = field(default_factory=dict)
    shown: dict[int, tuple[SnippetGroup, ...]] = field(default_factory=dict)


def cast(study: Study) -> Cast:
    """Raises Refused for a study whose ratings are to come from people."""
    if not study.simulated:
        raise Refused("Simulated raters may only rate in a study that is marked as simulated.")
    rng = np.random.default_rng(study.seed)
    items = list(study.rubric.items.order_by("position"))
    raters = {rater.rater: rater for rater in _raters(_members(study), rng)}
    return Cast(study=study, items=items, raters=raters, latents=_latents(study, items, rng), rng=rng)


def simulate_ratings(
    *, playing: Cast, hours: WorkingHours, after: Callable[[Rating, datetime], object] = lambda rating, now: None
) -> None:
    """Let every annotator rate until nothing is left for her, extra rounds and retests included.

    after: called with each rating, such as for what else befalls a rater.
    """
    study = playing.study
    for _ in range(PASSES):
        given = _rate_in_turns(playing, hours, after)
        compute_results(study_id=study.pk, now=hours.now)
        follow_up(study_id=study.pk, now=hours.now)
        if not given:
            return
        hours.rest(timedelta(hours=study.retest_gap_hours))


def decide_some_cases(*, study: Study, by: User, share: float, now: datetime) -> int:
    """Let a simulated adjudicator decide the first `share` of the cases, rounded up. Returns how many."""
    cases = list(study.cases.order_by("pk").select_related("latent"))
    chosen = cases[: ceil(share * len(cases))]
    for turn, case in enumerate(chosen):
        irreducible = turn % 2 == 1
        concept = (
            case.latent.ratings.exclude(concept=None).order_by("pk").values_list("concept__name", flat=True).first()
        )
        decide_case(
            case=case,
            by=by,
            now=now,
            proof=prove_simulated(study=study, by=by, now=now),
            given=GivenDecision(
                concept="" if irreducible else concept or "",
                outcome=DecisionOutcome.IRREDUCIBLE if irreducible or not concept else DecisionOutcome.CONCEPT,
                cause=DisagreementCause.SEVERAL_MEANINGS if irreducible else DisagreementCause.SYNONYMS,
                rationale="Simulated decision: the opinions were read side by side.",
            ),
        )
    return len(chosen)


def _members(study: Study) -> list[Membership]:
    raters = active(study).filter(role=Role.ANNOTATOR)
    return list(raters.select_related("user", "institution").order_by("pk"))


def _raters(members: Iterable[Membership], rng: np.random.Generator) -> tuple[SimulatedRater, ...]:
    by_institution: dict[str, list[str]] = {}
    for member in members:
        assert member.institution is not None
        by_institution.setdefault(member.institution.code, []).append(member.pseudonym)
    return simulated_raters(by_institution, rng)


def _latents(study: Study, items: Sequence[RubricItem], rng: np.random.Generator) -> dict[int, SimulatedLatent]:
    options = {item.kind: [str(option["value"]) for option in item.options] for item in items}
    sampled = list(SampledLatent.everything.filter(study=study).order_by("position"))
    candidates = [_candidates(latent, options[ItemKind.NOMINAL]) for latent in sampled]
    made = simulated_latents(candidates, rng, flags=options.get(ItemKind.FLAGS, []))
    return {latent.pk: one for latent, one in zip(sampled, made, strict=True)}


def _candidates(sampled: SampledLatent, categories: Sequence[str]) -> Candidates:
    """What might be said of a latent: the ideas at its peaks, most frequent first."""
    names = [name for name, _ in vocabulary().concepts(peak_words(sampled.latent_id)).most_common(3)]
    names += [name for name in UNSURE if name not in names][: 3 - len(names)]
    options = tuple(ConceptOption(concept=name, category=_category(name, categories)) for name in names)
    return Candidates(latent=str(sampled.pk), concepts=options, clinical=vocabulary().is_clinical(names[0]))


def _category(concept: str, offered: Sequence[str]) -> str:
    """Of a rubric with other categories one by the concept's hash."""
    known = vocabulary().category_of(concept)
    number = int(hashlib.sha256(concept.encode()).hexdigest()[:8], 16)
    return known if known in offered else offered[number % len(offered)]


def _rate_in_turns(playing: Cast, hours: WorkingHours, after: Callable[[Rating, datetime], object]) -> int:
    """Everyone rates one latent at a time, in turn, so that the work is shared. Returns how many ratings came in."""
    count, waiting = 0, _members(playing.study)
    while waiting:
        for member in list(waiting):
            now = next(hours)
            slot = claim(study=playing.study, by=member.user, now=now)
            if slot is None:
                waiting.remove(member)
                continue
            rating = _take(playing, member, slot, now)
            if rating is None:
                continue
            count += 1
            after(rating, now)
            if not active(playing.study).filter(pk=member.pk).exists():
                waiting.remove(member)
    return count


def _take(playing: Cast, member: Membership, slot: Slot, now: datetime) -> Rating | None:
    """Her rating of the latent; None where she gives it back."""
    ticket = read_ticket(write_ticket(slot), by=member.user)
    if slot.round.kind in FIRST_LOOK and playing.rng.random() < DECLINE_SHARE:
        decline(ticket=ticket, by=member.user, now=now)
        return None
    said = _opinion(playing, slot.latent_id, member.pseudonym)
    if slot.latent_id not in playing.shown:
        playing.shown[slot.latent_id] = snippet_groups(slot.latent.latent_id)
    return submit_rating(
        ticket=ticket,
        raw=form_of(said, playing.items, playing.rng),
        marks=marks_of(said, playing.latents[slot.latent_id], playing.shown[slot.latent_id], playing.rng),
        active_seconds=round(float(playing.rng.gamma(6.0, 8.0)), 1),
        by=member.user,
        now=now,
    )


def _opinion(playing: Cast, latent: int, pseudonym: str) -> SimulatedRating:
    """What she makes of it: at a second look often what she made of it at the first."""
    rater, known = playing.raters[pseudonym], playing.remembered.get((latent, pseudonym))
    if known is not None and playing.rng.random() < rater.habit:
        return known
    seen = playing.latents[latent]
    read = Read(latent=seen.latent, rater=pseudonym, reading=1 if known is None else 2)
    (said,) = simulated_ratings([seen], [rater], [read], playing.rng)
    playing.remembered[latent, pseudonym] = said
    return said
