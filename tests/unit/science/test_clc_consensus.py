from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.science.clc import clc
from annotation.science.clc_parameters import ClcParameters
from annotation.science.members import YES_OR_NO, answers_by_member
from annotation.science.types import (
    OTHER,
    Answer,
    CalibrationAnswer,
    ScienceError,
    Undefined,
    closed_item,
    open_item,
    ordinal_item,
)

ITEM = closed_item(("a", "b", "c"))


def random_answers(seed, n=12, raters=4):
    rng = np.random.default_rng(seed)
    return [
        Answer(f"latent {i:02d}", f"rater {j}", "abc"[k], f"site {j % 2}", reading)
        for i in range(n)
        for j in range(raters)
        for reading in ((1, 2) if rng.random() < 0.2 else (1,))
        for k in [int(rng.choice(3, p=[0.7, 0.2, 0.1])) if i % 2 else int(rng.integers(3))]
    ]


def by_latent(result):
    return {consensus.latent: consensus for consensus in result.latents}


def test_q_is_what_its_formula_says_of_the_fitted_weights():
    """A second computation, in plain loops: confusion rows from q, then q from the rows."""
    result = clc(random_answers(1), ITEM, seed=1)
    params = result.parameters
    reliability = {rater.rater: rater.reliability for rater in result.raters}
    q = {c.latent: dict(zip(c.classes, c.q, strict=True)) for c in result.latents}

    def row(rater, true, said):
        own = [a for a in result.answers if a.rater == rater]
        count = sum(a.omega * q[a.latent][true] for a in own if a.value == said)
        total = sum(a.omega * q[a.latent][true] for a in own)
        coin = reliability[rater] if said == true else (1 - reliability[rater]) / 2
        return (params.row_strength * coin + count) / (params.row_strength + total)

    prevalence = {c: 1 + sum(q[latent][c] for latent in q) for c in "abc"}
    for latent in q:
        score = {
            c: np.log(prevalence[c] / sum(prevalence.values()))
            + sum(a.omega * np.log(row(a.rater, c, a.value)) for a in result.answers if a.latent == latent)
            for c in "abc"
        }
        total = np.logaddexp.reduce(list(score.values()))
        assert [q[latent][c] for c in "abc"] == pytest.approx([np.exp(score[c] - total) for c in "abc"], abs=1e-8)


def test_reliability_is_the_prior_and_the_expected_hits():
    result = clc(random_answers(2), ITEM, seed=1)
    for rater in result.raters:
        own = [a for a in result.answers if a.rater == rater.rater]
        hits, n = sum(a.omega * a.likely for a in own), sum(a.omega for a in own)
        expected = (rater.prior.mean * rater.prior.strength + hits) / (rater.prior.strength + n)
        assert rater.reliability == pytest.approx(expected, abs=1e-8)


def test_theta_is_what_its_formula_says_for_an_open_item(ratings):
    result = clc(ratings("aab", "ccc", "abd", "eef"), open_item(), seed=1)
    reliability = {rater.rater: rater.reliability for rater in result.raters}
    for consensus in result.latents:
        theta = np.array(consensus.theta)
        total = np.full(len(theta), 1 / len(theta))
        for answer in (a for a in result.answers if a.latent == consensus.latent):
            p = reliability[answer.rater]
            wrong = (1 - p) / max(5, len(theta) - 1)
            share = theta * np.where([c == answer.value for c in consensus.classes], p, wrong)
            total += answer.omega * share / share.sum()
        assert total / (1 + consensus.n_eff) == pytest.approx(theta, abs=1e-7)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_latents_and_raters_does_not_count(seed):
    answers = random_answers(seed % 7)
    shuffled = [answers[i] for i in np.random.default_rng(seed).permutation(len(answers))]
    assert clc(shuffled, ITEM, seed=3) == clc(answers, ITEM, seed=3)


def test_the_names_of_raters_and_classes_do_not_count():
    answers = random_answers(4)
    other = [
        replace(a, rater=f"z{9 - int(a.rater[-1])}", value={"a": "y", "b": "x", "c": "z"}[a.value]) for a in answers
    ]
    before, after = clc(answers, ITEM, seed=1), clc(other, closed_item(("x", "y", "z")), seed=1)
    for first, second in zip(before.latents, after.latents, strict=True):
        assert (first.q[0], first.q[1]) == pytest.approx((second.q[1], second.q[0]), abs=1e-9)
        assert first.theta[2] == pytest.approx(second.theta[2], abs=1e-9)


def test_the_same_input_gives_the_same_result_and_digest_and_another_seed_other_draws():
    answers = random_answers(5)
    first, again, other = (clc(answers, ITEM, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.input_digest != other.input_digest
    assert [c.q for c in first.latents] == [c.q for c in other.latents]
    assert [c.flip_rate for c in first.latents] != [c.flip_rate for c in other.latents]


def test_three_who_agree_settle_a_latent_and_two_camps_do_not(ratings):
    result = clc(ratings(*["aaa", "bbb", "ccc"] * 5, "abc"), ITEM, seed=1)
    settled, contested = result.of("latent 00"), result.of("latent 15")
    assert settled.q_max > 0.99
    assert settled.theta_max > 0.7
    assert settled.flip_rate == 0
    assert contested.theta_max < 0.5
    assert contested.flip_rate > 0.3
    assert contested.entropy > 0.9 > settled.entropy


def test_theta_keeps_two_camps_that_q_would_resolve(ratings):
    clear = ["aaaaaaaa", "bbbbbbbb", "cccccccc"] * 8
    result = clc(ratings(*clear, "aaaaabbb"), ITEM, seed=1)
    split = result.of("latent 24")
    assert split.q_max > 0.95
    assert split.theta_max < 0.7


def test_a_repeat_reading_splits_the_vote():
    answers = [
        Answer("1", "ada", "a", "north"), Answer("1", "ada", "b", "north", reading=2), Answer("1", "ben", "b", "south"),
        Answer("2", "ada", "a", "north"), Answer("2", "ben", "c", "south"),
    ]  # fmt: skip
    result = clc(answers, ITEM, seed=1)
    assert result.of("1").n_eff == pytest.approx(2)
    assert result.of("1").n_raters == 2
    assert [a.split for a in result.answers if a.latent == "1"] == [0.5, 0.5, 1.0]
    assert result.raters[0].prior.n_repeats == 1
    assert result.raters[0].prior.n_matched == 0


def test_a_rater_known_from_calibration_outweighs_one_known_to_err(ratings):
    calibration = [CalibrationAnswer("rater 0", f"c{i}", 1.0, 3) for i in range(15)]
    calibration += [CalibrationAnswer("rater 1", f"c{i}", 0.0, 3) for i in range(15)]
    result = clc(ratings("ab"), ITEM, seed=1, calibration=calibration)
    assert result.latents[0].winner == "a"
    assert result.latents[0].q_max > 0.9
    assert result.raters[0].prior.mean > 0.9
    assert result.raters[1].prior.mean < 0.3


def test_cannot_tell_is_missing_and_its_share_reported(ratings):
    result = clc(ratings("aa.", "...", "ab."), ITEM, seed=1)
    assert result.cannot_tell_share == pytest.approx(5 / 9)
    assert result.of("latent 00").cannot_tell == 1
    assert result.of("latent 00").n_raters == 2
    assert result.of("latent 01") == Undefined('Every rater so far answered "cannot tell from these snippets".')
    silent = result.raters[2]
    assert (silent.n_latents, silent.cannot_tell, silent.mean_omega) == (0, 3, 0)
    assert silent.reliability == silent.prior.mean


def test_nothing_is_made_of_nothing():
    assert clc([], ITEM, seed=1) == Undefined("Nobody has given an answer yet.")
    assert "No rater has answered" in clc([Answer("1", "ada", "a")], ITEM, seed=1).of("2").reason


def test_one_institution_is_said_so(ratings):
    result = clc(ratings("aab", "bbc"), ITEM, seed=1)
    assert "All raters belong to one institution" in result.institutions.reason
    assert result.of("latent 00").n_eff == pytest.approx(3)


def test_an_open_items_classes_are_the_proposed_concepts_and_all_others(ratings):
    result = clc(ratings("aab", "ccc"), open_item(), seed=1)
    assert result.of("latent 00").classes == ("a", "b", OTHER)
    assert result.of("latent 01").classes == ("c", OTHER)
    assert result.of("latent 01").winner == "c"
    assert all(sum(c.q) == pytest.approx(1) == sum(c.theta) for c in result.latents)


def test_a_scale_spreads_errors_to_its_neighbours(ratings):
    rows = ["1112", "2223", "3334", "4445", "5554"] * 4
    numbered = [replace(a, value=int(a.value)) for a in ratings(*rows, "13")]
    scale, flat = (clc(numbered, item(range(1, 6)), seed=1).of("latent 20") for item in (ordinal_item, closed_item))
    assert scale.q[1] > 2 * flat.q[1]


def with_clique(seed):
    """Three of seven raters belong to one institution and agree on the same wrong answer to 3 latents in 10."""
    rng = np.random.default_rng(seed)
    answers, lies = [], {}
    for i in range(60):
        truth = int(rng.integers(5))
        lie = int((truth + rng.integers(1, 5)) % 5)
        if rng.random() < 0.3:
            lies[f"{i:02d}"] = "abcde"[lie]
        for j in range(7):
            honest = truth if rng.random() < 0.7 else int((truth + rng.integers(1, 5)) % 5)
            said = lie if j < 3 and f"{i:02d}" in lies else honest
            answers.append(Answer(f"{i:02d}", f"r{j}", "abcde"[said], "clique" if j < 3 else f"site {j % 2}"))
    return answers, lies


@pytest.mark.parametrize("seed", range(4))
def test_colluders_gain_less_once_their_institution_is_known_for_it(seed):
    answers, lies = with_clique(seed)
    item = closed_item(tuple("abcde"))
    aware, blind = (clc(answers, item, ClcParameters(use_institutions=on), seed=1) for on in (True, False))

    def belief_in_lies(result):
        return float(np.mean([dict(zip("abcde", result.of(i).q, strict=True))[lie] for i, lie in lies.items()]))

    rho = {effect.institution: effect.rho for effect in aware.institutions}
    assert rho["clique"] > 0.3 > rho["site 0"]
    assert belief_in_lies(aware) < belief_in_lies(blind) / 4
    assert belief_in_lies(aware) < 0.3


def test_flags_are_one_problem_a_member():
    answers = [Answer("1", "ada", frozenset({"safety"})), Answer("1", "ben", frozenset()), Answer("1", "chloe", None)]
    by_member = answers_by_member(answers, ["safety", "artefact"])
    assert [a.value for a in by_member["safety"]] == ["yes", "no", None]
    assert clc(by_member["artefact"], YES_OR_NO, seed=1).of("1").winner == "no"


def test_a_flag_outside_the_rubric_is_refused():
    with pytest.raises(ScienceError, match="'loud' is not among"):
        answers_by_member([Answer("1", "ada", frozenset({"loud"}))], ["safety"])
    with pytest.raises(ScienceError, match="needs frozensets"):
        answers_by_member([Answer("1", "ada", "safety")], ["safety"])


def test_two_answers_in_one_reading_are_refused():
    with pytest.raises(ScienceError, match="two answers to latent 1 numbered reading 1"):
        clc([Answer("1", "ada", "a"), Answer("1", "ada", "b")], ITEM, seed=1)


def test_the_weights_add_up_to_the_effective_number_of_raters():
    result = clc(random_answers(3), ITEM, seed=1)
    for consensus in result.latents:
        assert sum(consensus.weights.values()) == pytest.approx(consensus.n_eff)
        assert consensus.n_eff <= consensus.n_raters + 1e-9
    assert by_latent(result)["latent 00"].n_institutions == 2


def test_entropy_is_that_of_theta_as_a_share_of_the_most_it_could_be():
    for consensus in clc(random_answers(3), ITEM, seed=1).latents:
        expected = -sum(share * np.log(share) for share in consensus.theta) / np.log(3)
        assert consensus.entropy == pytest.approx(expected, abs=1e-12)
