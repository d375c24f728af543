"""The simulated studies of bench/worlds: that they are what they say, and that its figures are computed right."""

import math
from dataclasses import replace

import numpy as np
import pytest

from annotation.science.clc_parameters import ClcParameters
from annotation.science.dawid_skene import dawid_skene as shipped
from bench.consensus_worlds import DOCUMENT
from bench.worlds import comparators
from bench.worlds.as_answers import ITEM, answers_of, calibration_of
from bench.worlds.estimators import METHODS, WHOLE
from bench.worlds.page import page
from bench.worlds.replicate import ROUND_FIGURES, replicate
from bench.worlds.rounds import ask_another, whole_rule
from bench.worlds.scenarios import SCENARIOS, Scenario
from bench.worlds.scoring import FIGURES, Made, score
from bench.worlds.taken import OPEN_ROUNDS, ROUNDS, Difference, Taken
from bench.worlds.votes import Votes, votes_of
from bench.worlds.world import draw_world

HETERO = Scenario(8, 45, "hetero")


@pytest.fixture(scope="module")
def world():
    return draw_world(HETERO, 5000)


def test_there_are_thirty_different_scenarios():
    assert len({scenario.name for scenario in SCENARIOS}) == 30


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_world_is_as_its_scenario_says(scenario):
    world = draw_world(scenario, 5000)
    assert world.opinion.sum(axis=1) == pytest.approx(1)
    assert int(world.ambiguous.sum()) == 15
    assert world.raters.confusion.sum(axis=2) == pytest.approx(1)
    asked = world.asked.sum(axis=1)
    assert asked[: scenario.raters].tolist() == [scenario.answered] * scenario.raters
    assert not asked[scenario.raters :].any()
    by_latent = world.asked.sum(axis=0)
    assert by_latent.max() - by_latent.min() <= 1
    assert (world.read_twice & ~world.asked).sum() == 0
    assert len(set(world.raters.institution.tolist())) == {5: 2, 8: 3, 11: 4}[scenario.raters]


def test_the_same_seed_draws_the_same_world_and_kinds_of_scores_share_all_else():
    first, again = draw_world(HETERO, 1), draw_world(HETERO, 1)
    assert first.answers.tobytes() == again.answers.tobytes()
    misled = draw_world(replace(HETERO, scores="misleading"), 1)
    assert misled.answers.tobytes() == first.answers.tobytes()
    assert misled.scores.tobytes() != first.scores.tobytes()
    assert draw_world(HETERO, 2).answers.tobytes() != first.answers.tobytes()


def test_colluders_say_the_same_wrong_thing_on_six_latents_in_ten_and_are_honest_on_calibration_items():
    shares, right = [], []
    for seed in range(20):
        world = draw_world(Scenario(11, 60, "collude_big"), seed)
        first = world.answers[0, : world.raters.colluders]
        together = (first == first[0]).all(axis=0) & ~world.plausible[np.arange(60), first[0]]
        shares.append(together.mean())
        right.append((world.known_answers[: world.raters.colluders] == world.known_truth).mean())
        assert len(set(world.raters.institution[: world.raters.colluders].tolist())) == 1
    assert np.mean(shares) == pytest.approx(0.6, abs=0.05)
    assert np.mean(right) == pytest.approx(0.7, abs=0.05)


def test_answers_and_calibration_are_those_of_the_world(world):
    answers = answers_of(world, world.asked)
    assert len(answers) == int(world.asked.sum() + world.read_twice.sum())
    assert len(answers_of(world, world.asked, repeats=False)) == int(world.asked.sum())
    one = answers[0]
    assert one.value == ITEM.classes[world.answers[0, int(one.rater[-2:]), int(one.latent)]]
    known = calibration_of(world, world.asked)
    assert len(known) == 8 * 8
    assert {answer.reference_share for answer in known} == {0.0, 1.0}


def test_dawid_skene_is_the_shipped_one(world):
    """Two implementations, one model: they share neither code nor stopping rule."""
    found = comparators.dawid_skene(votes_of(world, world.asked, calibration=False))
    other = shipped(answers_of(world, world.asked, repeats=False), ITEM)
    theirs = np.array([[other.of(f"{i:02d}")[value] for value in ITEM.classes] for i in range(60)])
    assert np.abs(found - theirs).max() < 1e-4


def test_calibration_items_teach_dawid_skene_and_one_coin_who_is_right():
    """Two raters who contradict each other, one of them known to be right: without calibration it is a tie."""
    eye = np.eye(2)
    given = eye[np.array([[0, 1]] * 6 + [[1, 0]] * 6)]
    known = eye[np.array([[0, 1], [1, 0]] * 8)]
    truth = eye[[0, 1] * 8]
    none = Votes(given, known[:0], truth[:0])
    assert comparators.one_coin(none)[0] == pytest.approx([0.5, 0.5])
    for method in (comparators.one_coin, comparators.dawid_skene):
        assert method(Votes(given, known, truth))[:, 0].round().tolist() == [1] * 6 + [0] * 6


def test_crowdlab_without_a_classifier_is_the_weighted_mean_of_its_formula():
    """Latents 1 and 2: two agree, one does not; latent 3: all agree. In plain numbers."""
    eye = np.eye(3)
    votes = Votes(eye[np.array([[0, 0, 1], [1, 1, 2], [2, 2, 2]])], np.zeros((0, 3, 3)), np.zeros((0, 3)))
    overall = (2 / 3 + 2 / 3 + 1) / 3
    same = np.array([(1 + 1 + 2) / 6, (1 + 1 + 2) / 6, (0 + 0 + 2) / 6])
    modal = 2 / 3
    weight = np.maximum(1 - (1 - same) / modal, 1e-4)
    rest = (1 - overall) / 2
    expected = (weight[0] + weight[1]) * overall + weight[2] * rest
    assert comparators.crowdlab(votes)[0, 0] == pytest.approx(expected / weight.sum())
    assert comparators.crowdlab(votes).sum(axis=1) == pytest.approx(1)


def test_a_method_that_knows_the_truth_scores_as_such(world):
    knows = Made(world.opinion, world.opinion, ~world.ambiguous, 1.0 - world.ambiguous)
    figures = score(world, knows)
    assert figures["accuracy"] == figures["auroc"] == figures["plausible"] == figures["clear_accepted"] == 1
    assert figures["brier"] == figures["tvd_ambiguous"] == figures["tvd_clear"] == figures["ambiguous_accepted"] == 0
    assert figures["accepted"] == 0.75


def test_a_method_that_knows_nothing_scores_as_such(world):
    even = np.full(world.opinion.shape, 1 / 6)
    figures = score(world, Made(even, even, np.zeros(60, dtype=bool), even.max(axis=1)))
    assert figures["accuracy"] == pytest.approx(1 / 6)
    assert figures["brier"] == pytest.approx(5 / 6)
    assert figures["tvd_clear"] == pytest.approx(5 / 6)
    assert figures["auroc"] == 0.5
    assert math.isnan(figures["plausible"])


def test_another_rater_is_asked_of_the_institution_that_has_answered_least(world):
    asked = world.asked.copy()
    rng = np.random.default_rng(1)
    site = world.raters.institution
    for _ in range(4):
        before = np.bincount(site[asked[:, 0]], minlength=3)
        free = {int(site[r]) for r in np.flatnonzero(~asked[:, 0])}
        least = min(before[s] for s in free)
        was = asked[:, 0].copy()
        ask_another(world, asked, 0, rng)
        (new,) = np.flatnonzero(asked[:, 0] & ~was)
        assert before[site[new]] == least


def test_extra_rounds_end_after_two_and_ask_two_raters_each(world):
    calls = []

    def never(asked, used):
        calls.append(used.tolist())
        return ["needs_raters" if rounds < 2 else "persistent" for rounds in used]

    asked, outcomes = whole_rule(world, never, raters_a_round=2)
    assert set(outcomes) == {"persistent"}
    assert [sorted(set(used)) for used in calls] == [[0], [1], [2]]
    assert (asked.sum(axis=0) - world.asked.sum(axis=0)).tolist() == [4] * 60


def test_a_difference_counts_only_beyond_two_standard_errors():
    assert Difference(0.05, 0.02).better
    assert not Difference(0.03, 0.02).better
    assert Difference(-0.05, 0.02).worse
    assert not Difference(0.0, 0.0).better


@pytest.fixture(scope="module")
def small():
    """Two replicates of one scenario, said of all thirty."""
    methods, rounds = zip(*(replicate(HETERO, seed) for seed in (5000, 5001)), strict=True)
    rows = {name: {figure: [m[name][figure] for m in methods] for figure in FIGURES} for name in METHODS}
    for which in (ROUNDS, OPEN_ROUNDS):
        rows[which] = {figure: [r[which][figure] for r in rounds] for figure in ROUND_FIGURES}
    return Taken(2, 5000, {scenario.name: rows for scenario in SCENARIOS}, 1.0)


def test_a_replicate_has_every_figure_of_every_method_within_its_range(small):
    for name in METHODS:
        for figure in FIGURES:
            values = small.values(HETERO, name, figure)
            known = values[~np.isnan(values)]
            assert ((known >= 0) & (known <= (2 if figure == "brier" else 1))).all()
    assert small.mean([HETERO], WHOLE, "accuracy") > small.mean([HETERO], "majority vote", "accuracy") - 0.05
    assert small.mean([HETERO], ROUNDS, "ratings") >= 6


def test_the_page_says_every_scenario_and_method_and_never_nan(small):
    text = page(small)
    assert all(scenario.name in text for scenario in SCENARIOS)
    assert all(f"| {name} |" in text for name in METHODS)
    assert "nan" not in text.lower().replace("dominant", "")


def test_the_published_page_is_of_the_version_that_is_shipped_with_32_replicates():
    text = DOCUMENT.read_text()
    assert f"CLC is `{ClcParameters().version}`" in text
    assert "32 replicates each (seeds 0 to 31)" in text
    assert all(scenario.name in text for scenario in SCENARIOS)
