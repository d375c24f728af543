"""Scores of trials: always yes is worth a half, arms and deciles on their own, intervals that cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.science.auroc import Auroc, auroc
from annotation.science.reading_trial import balanced_accuracy
from annotation.science.tallies import Judgement, Tally, by_snippet, by_trial, of_arm, of_decile
from annotation.science.trial_scores import TrialScore, balanced_accuracy_of
from annotation.science.types import Interval, Undefined


def trial(said: dict[bool, list[bool]], *, name: int = 0, numbers: bool = False) -> list[Judgement]:
    """One trial. said: of firing and of silent snippets, in order; deciles and two arms by turns."""
    return [
        Judgement(
            trial=name,
            snippet=(name, fires, place),
            fires=fires,
            said=one,
            group=place % 10 if fires else ("random", "hard")[place % 2],
            number=float(one) if numbers else None,
        )
        for fires, answers in said.items()
        for place, one in enumerate(answers)
    ]


def score(judgements: list[Judgement]) -> TrialScore:
    found = balanced_accuracy_of(by_trial(judgements), over="trials", seed=1)
    assert isinstance(found, TrialScore)
    return found


@given(st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_who_always_says_the_same_scores_a_half(firing: int, silent: int, always: bool) -> None:
    assert score(trial({True: [always] * firing, False: [always] * silent})).value == 0.5


def test_a_trial_scores_as_the_reader_of_it_was_told() -> None:
    said = {True: [True] * 7 + [False] * 3, False: [False] * 9 + [True]}
    judgements = trial(said)
    truth = {place: one.fires for place, one in enumerate(judgements)}
    told = balanced_accuracy({place: one.said for place, one in enumerate(judgements)}, truth)
    found = score(judgements)
    assert found.value == told == pytest.approx(0.8)
    assert (found.sensitivity, found.specificity, found.firing, found.silent) == (0.7, 0.9, 10, 10)


def test_an_arm_keeps_all_that_fire_and_a_decile_all_that_do_not() -> None:
    # Random foils are all seen through, look-alikes never; the weakest decile is always missed.
    judgements = trial({True: [place % 10 != 0 for place in range(20)], False: [place % 2 == 1 for place in range(20)]})
    assert score(list(of_arm(judgements, "random"))).value == pytest.approx((0.9 + 1) / 2)
    assert score(list(of_arm(judgements, "hard"))).value == pytest.approx((0.9 + 0) / 2)
    assert score(list(of_decile(judgements, 0))).value == pytest.approx((0 + 0.5) / 2)
    assert score(list(of_decile(judgements, 3))).value == pytest.approx((1 + 0.5) / 2)


def test_without_a_snippet_of_either_kind_there_is_no_score() -> None:
    for only in (True, False):
        assert isinstance(balanced_accuracy_of(by_trial(trial({only: [True] * 10})), over="trials", seed=1), Undefined)
    assert isinstance(balanced_accuracy_of((), over="snippets", seed=1), Undefined)


def test_few_trials_and_faultless_ones_have_no_interval_and_say_why() -> None:
    few = [one for name in range(4) for one in trial({True: [True, False], False: [False, True]}, name=name)]
    assert "at least 5 trials; there are 4" in score(few).interval.reason  # type: ignore[union-attr]
    faultless = [one for name in range(9) for one in trial({True: [True] * 10, False: [False] * 10}, name=name)]
    assert "every resample gives the same value" in score(faultless).interval.reason  # type: ignore[union-attr]


def test_alike_clusters_are_one_row_with_a_multiplicity() -> None:
    judgements = [one for name in range(50) for one in trial({True: [True, False], False: [False]}, name=name)]
    assert by_trial(judgements) == (Tally(1, 2, 1, 1, times=50),)


def test_the_same_seed_gives_the_same_interval_whatever_the_order() -> None:
    rng = np.random.default_rng(3)
    judgements = [one for name in range(12) for one in trial(at_random(rng), name=name)]
    assert score(judgements) == score(judgements[::-1])


def at_random(rng: np.random.Generator, skill: float = 0.7) -> dict[bool, list[bool]]:
    return {fires: [(rng.random() < skill) is fires for _ in range(10)] for fires in (True, False)}


@pytest.mark.parametrize("over", ["trials", "snippets"])
def test_nine_intervals_in_ten_hold_the_judges_true_skill(over: str) -> None:
    rng, held, times = np.random.default_rng(11), 0, 200
    for _ in range(times):
        judgements = [one for name in range(20) for one in trial(at_random(rng), name=name)]
        tallies = by_trial(judgements) if over == "trials" else by_snippet(judgements)
        found = balanced_accuracy_of(tallies, over=over, seed=5, replicates=400)  # type: ignore[arg-type]
        assert isinstance(found, TrialScore)
        assert isinstance(found.interval, Interval)
        held += found.interval.low <= 0.7 <= found.interval.high
    assert 0.88 <= held / times <= 0.99


def test_snippets_that_many_judged_are_one_cluster_each() -> None:
    same = [
        Judgement(trial=name, snippet=place, fires=place < 10, said=place < 10 and place != 3)
        for name in range(30)
        for place in range(20)
    ]
    found = balanced_accuracy_of(by_snippet(same), over="snippets", seed=1)
    assert isinstance(found, TrialScore)
    assert isinstance(found.interval, Interval)
    assert found.clusters == 20
    assert found.interval.low < 0.9, "thirty readers of one set of snippets say no more of other snippets than one"


def test_auroc_is_that_of_scikit_learn_within_each_trial() -> None:
    rng = np.random.default_rng(2)
    numbers = {True: [0.9, 0.4, 0.4, 0.8], False: [0.4, 0.1, 0.8]}
    judgements = [
        Judgement(trial=0, snippet=(fires, place), fires=fires, said=True, number=number)
        for fires, given in numbers.items()
        for place, number in enumerate(given)
    ]
    by_hand = (3 + (1 + 0.5) + (1 + 0.5) + (2 + 0.5)) / 12
    found = auroc(judgements, seed=1)
    assert isinstance(found, Auroc)
    assert found.value == pytest.approx(by_hand)
    shifted = [Judgement(1, one.snippet, one.fires, True, number=(one.number or 0) + 7) for one in judgements]
    both = auroc([*judgements, *shifted], seed=int(rng.integers(9)))
    assert isinstance(both, Auroc)
    assert both.value == pytest.approx(by_hand), "scales of two trials are never compared"


def test_equal_numbers_are_chance_and_no_numbers_are_no_area() -> None:
    same = [Judgement(0, place, place < 12, True, number=0.5) for place in range(24)]
    found = auroc(same, seed=1)
    assert isinstance(found, Auroc)
    assert found.value == 0.5
    assert isinstance(auroc(trial({True: [True], False: [False]}), seed=1), Undefined)


def test_a_single_trial_has_an_interval_over_its_snippets_and_several_over_themselves() -> None:
    rng = np.random.default_rng(8)
    one = [Judgement(0, place, place < 15, True, number=rng.normal() + (place < 15)) for place in range(30)]
    alone = auroc(one, seed=1)
    assert isinstance(alone, Auroc)
    assert isinstance(alone.interval, Interval)
    assert alone.interval.low < alone.value < alone.interval.high
    four = auroc([Judgement(k, o.snippet, o.fires, True, number=o.number) for k in range(4) for o in one], seed=1)
    assert isinstance(four, Auroc)
    assert isinstance(four.interval, Undefined)
