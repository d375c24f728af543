from collections import Counter

import numpy as np
import pytest

from annotation.science.clc import clc
from annotation.science.majority import majority
from annotation.science.simulate import simulated_ratings
from annotation.science.simulated_world import (
    Candidates,
    ConceptOption,
    Read,
    simulated_latents,
    simulated_raters,
    spread_reads,
)
from annotation.science.types import Answer, ScienceError, open_item

FLAGS = ("protected attribute", "artefact", "safety")
SITES = {"north": ("n1", "n2", "n3", "n4"), "south": ("s1", "s2", "s3", "s4"), "east": ("e1", "e2", "e3", "e4")}


def candidates(n, clinical=True):
    options = tuple(ConceptOption(f"concept {k}", f"category {k % 3}") for k in range(6))
    return [Candidates(f"{i:03d}", options[i % 3 :] + options[: i % 3], clinical) for i in range(n)]


def world(seed, n=60, per_latent=5):
    rng = np.random.default_rng(seed)
    latents = simulated_latents(candidates(n), rng, flags=FLAGS)
    raters = simulated_raters(SITES, rng)
    return latents, raters, simulated_ratings(latents, raters, spread_reads(latents, raters, per_latent, rng), rng)


def as_answers(ratings):
    return [
        Answer(r.latent, r.rater, None if r.outcome == "cannot-tell" else r.concept or "not clinical", r.institution)
        for r in ratings
    ]


def test_the_seed_decides_everything():
    assert world(1) == world(1)
    assert world(1) != world(2)


def test_a_quarter_of_the_latents_divide_opinion_between_two_concepts():
    latents, _, _ = world(3)
    ambiguous = [latent for latent in latents if latent.ambiguous]
    assert len(ambiguous) == 15
    assert all(min(latent.opinion[:2]) > 0.4 for latent in ambiguous)
    assert all(latent.opinion[0] == 0.94 for latent in latents if not latent.ambiguous)
    assert all(sum(latent.opinion) == pytest.approx(1) for latent in latents)


def test_slots_spread_over_raters_and_institutions():
    _, raters, ratings = world(4)
    assert Counter(Counter(r.latent for r in ratings).values()) == {5: 60}
    assert len({(r.latent, r.rater) for r in ratings}) == len(ratings)
    load = Counter(r.rater for r in ratings)
    assert len(load) == len(raters)
    for names in SITES.values():
        at_home = [load[name] for name in names]
        assert max(at_home) - min(at_home) <= 1
    per_latent = Counter((r.latent, r.institution) for r in ratings)
    assert set(per_latent.values()) == {1, 2}


def test_a_full_answer_is_complete_and_any_other_is_empty():
    _, _, ratings = world(5)
    assert {r.outcome for r in ratings} == {"answered", "cannot-tell", "not-clinical"}
    for r in ratings:
        scales = (r.coherence, r.specificity, r.confidence)
        if r.outcome == "answered":
            assert r.concept
            assert r.category
            assert all(1 <= step <= 5 for step in scales)
            assert r.flags <= set(FLAGS)
        else:
            assert (r.concept, r.category, r.chosen, *scales, r.flags) == (None,) * 6 + (frozenset(),)


def test_the_chosen_alternative_is_the_one_written_down():
    latents, _, ratings = world(6)
    by_id = {latent.latent: latent for latent in latents}
    answered = [r for r in ratings if r.outcome == "answered"]
    assert all(by_id[r.latent].concepts[r.chosen].concept == r.concept for r in answered)
    fitting = [r.chosen == 0 for r in answered if not by_id[r.latent].ambiguous]
    assert 0.6 < np.mean(fitting) < 0.85


def test_ambiguous_latents_get_both_answers_and_lower_coherence():
    latents, _, ratings = world(7, n=200)
    ambiguous = {latent.latent for latent in latents if latent.ambiguous}
    answered = [r for r in ratings if r.outcome == "answered"]
    chosen = Counter(r.chosen for r in answered if r.latent in ambiguous)
    assert 0.5 < chosen[0] / chosen[1] < 2
    coherence = [np.mean([r.coherence for r in answered if (r.latent in ambiguous) is side]) for side in (True, False)]
    assert coherence[0] < coherence[1] - 0.5


def test_a_latent_that_is_not_clinical_is_mostly_called_so():
    rng = np.random.default_rng(8)
    latents = simulated_latents(candidates(30, clinical=False), rng)
    raters = simulated_raters(SITES, rng)
    ratings = simulated_ratings(latents, raters, spread_reads(latents, raters, 4, rng), rng)
    assert np.mean([r.outcome == "not-clinical" for r in ratings]) > 0.5


def test_second_readings_repeat_the_first_more_often_than_chance():
    rng = np.random.default_rng(9)
    latents = simulated_latents(candidates(200), rng)
    raters = simulated_raters(SITES, rng)
    once = [Read(latent.latent, "n1") for latent in latents]
    ratings = simulated_ratings(latents, raters, [*once, *(Read(r.latent, r.rater, 2) for r in once)], rng)
    first, second = ratings[:200], ratings[200:]
    assert {r.reading for r in second} == {2}
    assert np.mean([a.concept == b.concept for a, b in zip(first, second, strict=True)]) > 0.6


def test_too_few_raters_or_concepts_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ScienceError, match="at least two concepts"):
        simulated_latents([Candidates("1", (ConceptOption("a", "x"),))], rng)
    latents, raters, _ = world(1)
    with pytest.raises(ScienceError, match="only 12"):
        spread_reads(latents, raters, 13, rng)


@pytest.mark.parametrize("per_latent", [3, 5])
def test_on_the_default_world_the_consensus_is_not_worse_than_majority_vote(per_latent):
    gain = []
    for seed in range(12):
        latents, _, ratings = world(seed, per_latent=per_latent)
        answers = as_answers(ratings)
        truth = {latent.latent: latent.concepts[0].concept for latent in latents if not latent.ambiguous}
        votes = {m.latent: m.winners for m in majority(answers)}
        consensus = clc(answers, open_item(), seed=1)
        vote = np.mean([truth[i] in votes[i] and 1 / len(votes[i]) for i in truth])
        ours = np.mean([getattr(consensus.of(i), "winner", None) == truth[i] for i in truth])
        gain.append(ours - vote)
    assert np.mean(gain) > -2 * np.std(gain, ddof=1) / np.sqrt(len(gain))
