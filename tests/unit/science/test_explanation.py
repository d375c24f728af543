import json
from dataclasses import replace

import numpy as np
import pytest

from annotation.science.clc import clc
from annotation.science.explain import breakdowns
from annotation.science.types import (
    Answer,
    CalibrationAnswer,
    LearnabilityScore,
    Undefined,
    closed_item,
    open_item,
    ordinal_item,
)
from annotation.science.without_each import without_each

OPTIONS = ("cardiac", "renal", "other")


def world(options=OPTIONS, latents=25, seed=1, repeats=True, sites=("north", "south"), scores=True):
    """Six raters of growing skill, some of whom read latents again; readers' scores tell right labels a little."""
    rng = np.random.default_rng(seed)
    answers = []
    for i in range(latents):
        truth = rng.integers(len(options))
        for j in sorted(rng.choice(6, rng.integers(2, 6), replace=False).tolist()):
            for reading in (1, 2) if repeats and rng.random() < 0.15 else (1,):
                chosen = truth if rng.random() < 0.5 + 0.08 * j else rng.integers(len(options))
                score = float(np.clip(rng.normal(0.75 if chosen == truth else 0.6, 0.1), 0, 1))
                answers.append(
                    Answer(f"{i:03d}", f"r{j}", options[chosen], sites[j % len(sites)], reading,
                           (LearnabilityScore("reader", score), LearnabilityScore("sentences", 0.5)) if scores else ())
                )  # fmt: skip
    return answers


CALIBRATION = [CalibrationAnswer("r5", f"known {k}", 0.9, 3) for k in range(6)] + [
    CalibrationAnswer("r0", f"known {k}", 0.1, 3) for k in range(6)
]
ITEMS = {"closed": closed_item(OPTIONS), "open": open_item(), "ordinal": ordinal_item((1, 2, 3, 4))}


def answers_for(kind):
    return world((1, 2, 3, 4)) if kind == "ordinal" else world()


def naive_without(result, latent, rater, rounds=2000):
    """q and theta of one latent without one rater, by plain loops over the definition."""
    fitted, table = result.fitted, result.fitted.table
    i = table.latents.index(latent)
    rows = [a for a in range(table.n_answers) if table.latent[a] == i and table.answers[a].rater != rater]
    log_q, weights = fitted.log_prior[i].copy(), []
    for a in rows:
        alike = [b for b in rows if table.answers[b].institution == table.answers[a].institution
                 and table.chosen[b] == table.chosen[a]]  # fmt: skip
        m = max(1.0, sum(table.split[b] for b in alike))
        weights.append(table.split[a] / (1 + (m - 1) * fitted.rho[table.institution[a]]))
        log_q = log_q + weights[-1] * fitted.log_likelihood[a]
    q = np.exp(log_q - log_q.max())
    theta = prior = np.exp(fitted.log_prior[i])
    for _ in range(rounds):
        total = prior.copy()
        for a, weight in zip(rows, weights, strict=True):
            drawn = theta * np.exp(fitted.log_likelihood[a])
            total = total + weight * drawn / drawn.sum()
        theta = total / (1 + sum(weights))
    return q / q.sum(), theta, sum(weights)


@pytest.mark.parametrize("kind", ["closed", "open", "ordinal"])
def test_with_nobody_left_out_it_is_the_result_itself(kind):
    """Holds the explanation to CLC: whoever changes one of them must change the other."""
    result = clc(answers_for(kind), ITEMS[kind], seed=1, calibration=CALIBRATION)
    for i, same in enumerate(without_each(result.fitted, result.parameters.opinion_pseudo_raters, nobody=True)):
        assert same.q[0] == pytest.approx(result.fitted.q[i], abs=1e-7)
        assert same.theta[0] == pytest.approx(result.fitted.theta[i], abs=1e-6)
        assert same.n_eff[0] == pytest.approx(result.latents[i].n_eff)


@pytest.mark.parametrize("kind", ["closed", "open", "ordinal"])
def test_without_her_the_answer_is_that_of_a_plain_loop_over_the_others(kind):
    result = clc(answers_for(kind), ITEMS[kind], seed=1, calibration=CALIBRATION)
    explained = breakdowns(result)
    assert list(explained) == [consensus.latent for consensus in result.latents]
    for consensus in result.latents[:8]:
        assert len(explained[consensus.latent]) == consensus.n_raters
        for entry in explained[consensus.latent]:
            q, theta, n_eff = naive_without(result, consensus.latent, entry.rater)
            assert entry.without.q_max == pytest.approx(q.max(), abs=1e-9)
            assert entry.without.theta_max == pytest.approx(theta.max(), abs=1e-5)
            assert entry.without.n_eff == pytest.approx(n_eff)
            assert entry.without.winner == consensus.classes[int(q.argmax())]
            assert entry.changes_answer == (entry.without.winner != consensus.winner)


def test_evidence_is_how_far_her_answer_moves_the_odds():
    """One institution, no repeats: nobody's weight depends on hers, so that the odds move by her answer alone."""
    result = clc(world(repeats=False, sites=("north",)), closed_item(OPTIONS), seed=1)
    after_by_latent = {
        consensus.latent: dict(zip(consensus.classes, consensus.q, strict=True)) for consensus in result.latents
    }
    checked = 0
    for latent, entries in breakdowns(result).items():
        for entry in entries:
            (given,) = entry.given
            before, _, _ = naive_without(result, latent, entry.rater, rounds=0)
            chance = before[OPTIONS.index(given.value)]
            after = after_by_latent[latent][given.value]
            if 1e-6 < chance < 1 - 1e-6 and 1e-6 < after < 1 - 1e-6:
                moved = np.log(after / (1 - after)) - np.log(chance / (1 - chance))
                assert given.evidence == pytest.approx(moved, abs=1e-5)
                assert given.odds_factor == pytest.approx(np.exp(moved), rel=1e-5)
                checked += 1
    assert checked > 40


def test_it_shows_what_each_weight_came_from():
    result = clc(world(), closed_item(OPTIONS), seed=1, calibration=CALIBRATION)
    weights = {weight.rater: weight for weight in result.raters}
    of_answer = {(w.latent, w.rater, w.reading): w for w in result.answers}
    on = {scorer.scorer: scorer.on for scorer in result.scorers}
    assert on == {"reader": True, "sentences": False}
    for latent, entries in breakdowns(result).items():
        for entry in entries:
            known = weights[entry.rater]
            assert (entry.prior_mean, entry.prior_low, entry.prior_high) == (
                known.prior.mean, known.prior.low, known.prior.high,
            )  # fmt: skip
            assert (entry.n_calibration, entry.n_repeats, entry.n_matched) == (
                known.prior.n_calibration, known.prior.n_repeats, known.prior.n_matched,
            )  # fmt: skip
            assert entry.reliability == known.reliability
            assert entry.omega == pytest.approx(sum(given.omega for given in entry.given))
            for given in entry.given:
                answer = of_answer[latent, entry.rater, given.reading]
                assert (given.value, given.split, given.omega) == (answer.value, answer.split, answer.omega)
                assert given.omega == pytest.approx(given.split / (1 + (given.same_institution - 1) * entry.rho))
                reader, sentences = given.scores
                assert reader.ratio == pytest.approx(given.learnability_ratio)
                assert (reader.on, sentences.on, sentences.ratio) == (True, False, 1.0)
    trusted, distrusted = weights["r5"].prior.mean, weights["r0"].prior.mean
    assert distrusted < 0.5 < trusted


def test_a_repeat_is_two_halves_of_one_rater():
    answers = [
        Answer("1", "r0", "cardiac", reading=1),
        Answer("1", "r0", "renal", reading=2),
        Answer("1", "r1", "renal"),
    ]
    twice, once = breakdowns(clc(answers, closed_item(OPTIONS), seed=1))["1"]
    assert [(given.value, given.reading, given.split) for given in twice.given] == [
        ("cardiac", 1, 0.5),
        ("renal", 2, 0.5),
    ]
    assert once.omega == 1.0
    assert twice.without.n_eff == pytest.approx(1.0)


def test_who_answered_alone_cannot_be_left_out():
    result = clc([Answer("1", "r0", "cardiac"), Answer("1", "r1", None)], closed_item(OPTIONS), seed=1)
    (alone,) = breakdowns(result)["1"]
    assert alone.without == Undefined("Nobody else has answered for this latent.")
    assert not alone.changes_answer
    assert alone.as_json()["without"] is None
    assert alone.as_json()["without_undefined"] == "Nobody else has answered for this latent."


def test_the_deciding_vote_is_seen():
    steady = [Answer(f"{i}", f"r{j}", OPTIONS[i % 3]) for i in range(12) for j in range(5)]
    split = [Answer("split", f"r{j}", "cardiac" if j < 3 else "renal") for j in range(5)]
    entries = breakdowns(clc([*steady, *split], closed_item(OPTIONS), seed=1))["split"]
    without_one = {entry.rater: entry.without.q_max for entry in entries}
    assert all(without_one[f"r{j}"] < without_one["r4"] for j in range(3))


def test_as_json_is_plain_and_complete():
    result = clc(world(), closed_item(OPTIONS), seed=1, calibration=CALIBRATION)
    for entries in breakdowns(result).values():
        for entry in entries:
            written = entry.as_json()
            assert json.loads(json.dumps(written, allow_nan=False)) == written
            assert written["without"]["q_max"] == round(entry.without.q_max, 4)
            assert set(written["given"][0]) >= {"value", "omega", "split", "same_institution", "scores", "odds_factor"}
    flags = replace(entry, given=(replace(entry.given[0], value=frozenset({"b", "a"})),))
    assert flags.as_json()["given"][0]["value"] == ["a", "b"]


def test_the_order_of_answers_does_not_matter():
    answers = world()
    forth, back = (breakdowns(clc(a, closed_item(OPTIONS), seed=1)) for a in (answers, answers[::-1]))
    assert forth == back
