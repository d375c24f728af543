"""What CLC promises whatever the answers are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.science.answer_table import answer_table
from annotation.science.clc import clc
from annotation.science.clc_parameters import ClcParameters
from annotation.science.institutions import design_weights, same_votes
from annotation.science.members import YES_OR_NO, answers_by_member
from annotation.science.types import Answer, LearnabilityScore, closed_item, open_item, ordinal_item
from bench.worlds.comparators import one_coin
from bench.worlds.votes import Votes

SCALE = (1, 2, 3, 4, 5)


@st.composite
def studies(draw, values=SCALE):
    """Answers of up to six raters at three institutions to up to twelve latents, with gaps, repeats, scores."""
    raters, latents = draw(st.integers(2, 6)), draw(st.integers(2, 12))
    answers = []
    for i in range(latents):
        for j in range(raters):
            for reading in range(1, 1 + draw(st.sampled_from((0, 1, 1, 1, 1, 2)))):
                scores = draw(st.sampled_from((None, 0.4, 0.55, 0.7, 0.9)))
                answers.append(
                    Answer(
                        f"latent {i:02d}",
                        f"rater {j}",
                        draw(st.sampled_from(values)),
                        f"site {j % 3}",
                        reading,
                        () if scores is None else (LearnabilityScore("reader", scores),),
                    )
                )
    if not answers:
        answers = [Answer("latent 00", "rater 0", values[0])]
    return answers


ITEMS = [closed_item(SCALE), ordinal_item(SCALE), open_item()]


@pytest.mark.parametrize("item", ITEMS, ids=["closed", "ordinal", "open"])
@settings(max_examples=15)
@given(answers=studies(), order=st.randoms(use_true_random=False))
def test_the_same_answers_give_the_same_bytes_in_any_order(item, answers, order):
    shuffled = list(answers)
    order.shuffle(shuffled)
    first, again = clc(answers, item, seed=3), clc(shuffled, item, seed=3)
    assert first == again
    assert repr(first) == repr(again)
    for layer in ("q", "theta", "omega", "log_likelihood"):
        assert getattr(first.fitted, layer).tobytes() == getattr(again.fitted, layer).tobytes()


@pytest.mark.parametrize("item", ITEMS, ids=["closed", "ordinal", "open"])
@settings(max_examples=15)
@given(answers=studies())
def test_the_names_of_latents_do_not_count(item, answers):
    """Renamed so that their order is turned round."""
    renamed = [replace(a, latent=f"latent {99 - int(a.latent[-2:])}") for a in answers]
    before, after = clc(answers, item, seed=1), clc(renamed, item, seed=1)
    for first, second in zip(before.latents, reversed(after.latents), strict=True):
        assert first.q == pytest.approx(second.q, abs=1e-8)
        assert first.theta == pytest.approx(second.theta, abs=1e-8)
        assert first.flip_rate == second.flip_rate


@pytest.mark.parametrize("item", ITEMS, ids=["closed", "ordinal", "open"])
@settings(max_examples=15)
@given(answers=studies())
def test_both_layers_are_distributions_and_no_weight_exceeds_one_vote(item, answers):
    for latent in clc(answers, item, seed=1).latents:
        assert sum(latent.q) == pytest.approx(1)
        assert sum(latent.theta) == pytest.approx(1)
        assert min(latent.q + latent.theta) >= 0
        assert all(0 < weight <= 1 + 1e-12 for weight in latent.weights.values())
        assert 0 <= latent.flip_rate <= 1
        assert 0 <= latent.entropy <= 1 + 1e-12


@settings(max_examples=15)
@given(answers=studies())
def test_a_scale_turned_round_turns_its_answers_round(answers):
    turned = [replace(a, value=6 - a.value) for a in answers]
    before, after = (clc(given, ordinal_item(SCALE), seed=1) for given in (answers, turned))
    for first, second in zip(before.latents, after.latents, strict=True):
        assert first.q == pytest.approx(second.q[::-1], abs=1e-8)
        assert first.theta == pytest.approx(second.theta[::-1], abs=1e-8)


FLAGS = ("safety", "artefact", "negated")
SETS = tuple(frozenset(flag for k, flag in enumerate(FLAGS) if number >> k & 1) for number in range(8))


@settings(max_examples=15)
@given(answers=studies(SETS))
def test_of_a_set_each_member_is_its_own_problem(answers):
    """What was said of one flag changes nothing about another."""
    others = [replace(a, value=a.value - {"negated"}) for a in answers]
    before, after = (answers_by_member(given, FLAGS) for given in (answers, others))
    assert clc(before["safety"], YES_OR_NO, seed=1) == clc(after["safety"], YES_OR_NO, seed=1)
    assert all(latent.winner == "no" for latent in clc(after["negated"], YES_OR_NO, seed=1).latents)


def plain_study(seed, accuracy):
    """80 latents, 6 raters of one institution, 4 classes; no calibration, repeats or scores. With one-coin's beliefs,
    from an EM written from its formulas."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(4, size=80)
    right = rng.random((80, 6)) < accuracy
    said = np.where(right, truth[:, None], (truth[:, None] + rng.integers(1, 4, size=(80, 6))) % 4)
    answers = [Answer(f"{i:02d}", f"rater {j}", int(said[i, j])) for i in range(80) for j in range(6)]
    return answers, one_coin(Votes(np.eye(4)[said], np.zeros((0, 6, 4)), np.zeros((0, 4))))


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), accuracy=st.sampled_from((0.5, 0.7, 0.9)))
def test_with_its_rows_held_it_is_one_coin(seed, accuracy):
    answers, coin = plain_study(seed, accuracy)
    found = clc(answers, closed_item(range(4)), ClcParameters(row_strength=1e9), seed=1).fitted.q
    assert found == pytest.approx(coin, abs=2e-3)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), accuracy=st.sampled_from((0.75, 0.9)))
def test_where_nothing_else_is_known_it_is_close_to_one_coin(seed, accuracy):
    answers, coin = plain_study(seed, accuracy)
    found = clc(answers, closed_item(range(4)), seed=1).fitted.q
    assert np.abs(found - coin).sum(axis=1).mean() / 2 < 0.06
    assert (found.argmax(axis=1) == coin.argmax(axis=1)).mean() > 0.93


@settings(max_examples=12)
@given(answers=studies(), constant=st.floats(0, 1))
def test_a_score_that_never_differs_switches_itself_off(answers, constant):
    without = [replace(a, scores=()) for a in answers]
    same = [replace(a, scores=(LearnabilityScore("reader", constant),)) for a in answers]
    first, second = (clc(given, closed_item(SCALE), seed=1) for given in (without, same))
    assert first.fitted.q == pytest.approx(second.fitted.q, abs=0)
    assert {answer.likelihood_ratio for answer in second.answers} == {1.0}


@settings(max_examples=12)
@given(answers=studies())
def test_no_score_moves_an_answer_beyond_the_limit(answers):
    limit = ClcParameters().learnability_limit
    for answer in clc(answers, closed_item(SCALE), seed=1).answers:
        assert 1 / limit - 1e-12 <= answer.likelihood_ratio <= limit + 1e-12


@given(colluders=st.integers(1, 40), rho=st.floats(0.01, 0.9))
def test_what_a_colluding_institution_gains_is_bounded(colluders, rho):
    """However many of its raters say the same, together they weigh less than 1 / rho votes, and never more than m."""
    answers = [Answer("1", f"colluder {j:02d}", "lie", "clique") for j in range(colluders)]
    table = answer_table([*answers, Answer("1", "honest", "truth", "elsewhere")], closed_item(("lie", "truth")))
    omega = design_weights(table, np.full(len(table.institutions), rho), same_votes(table))
    clique = omega[table.chosen == 0].sum()
    assert clique <= min(colluders, 1 / rho) + 1e-9
    assert omega[table.chosen == 1].tolist() == [1.0]


@pytest.mark.parametrize("seed", range(3))
def test_more_colluders_do_not_carry_a_study_that_knows_their_institution(seed):
    """Of 60 latents they lie on 20. Three honest raters at three other institutions; from 3 colluders to 9."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(5, size=60)
    lie = (truth + rng.integers(1, 5, size=60)) % 5

    def believed(colluders):
        chance = np.random.default_rng([seed, 1])
        answers = []
        for i in range(60):
            for j in range(3):
                said = truth[i] if chance.random() < 0.85 else (truth[i] + chance.integers(1, 5)) % 5
                answers.append(Answer(f"{i:02d}", f"honest {j}", int(said), f"site {j}"))
            for j in range(colluders):
                answers.append(Answer(f"{i:02d}", f"z colluder {j}", int(lie[i] if i < 20 else truth[i]), "clique"))
        result = clc(answers, closed_item(range(5)), seed=1)
        weight = sum(weight for rater, weight in result.of("00").weights.items() if "colluder" in rater)
        return float(result.fitted.theta[np.arange(20), lie[:20]].mean()), weight

    (few, weight_of_few), (many, weight_of_many) = believed(3), believed(9)
    assert weight_of_few < weight_of_many < 1.5
    assert many < few + 0.1
