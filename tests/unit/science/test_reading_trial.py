"""Twenty held-out snippets, and how well a rationale let a reader foretell them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.science.reading_trial import HeldOut, balanced_accuracy, draw_trial
from annotation.science.types import ScienceError, Undefined


def held_out(firing: int = 30, silent: int = 24) -> list[HeldOut]:
    """Firing snippets in ten deciles, silent ones in two arms."""
    fires = [HeldOut(snippet=i, fires=True, group=i % 10) for i in range(firing)]
    arms = ("random", "hard")
    return fires + [HeldOut(snippet=1000 + i, fires=False, group=arms[i % 2]) for i in range(silent)]


def test_ten_fire_and_ten_do_not_spread_over_deciles_and_arms() -> None:
    chosen = draw_trial(held_out(), seed=(1, 2))
    assert isinstance(chosen, tuple)
    of = {one.snippet: one for one in held_out()}
    assert Counter(of[s].fires for s in chosen) == {True: 10, False: 10}
    assert len({of[s].group for s in chosen if of[s].fires}) == 10
    assert Counter(of[s].group for s in chosen if not of[s].fires) == {"random": 5, "hard": 5}


def test_a_thin_arm_is_made_up_for_by_the_other() -> None:
    snippets = [one for one in held_out() if one.group != "hard" or one.snippet < 1004]
    chosen = draw_trial(snippets, seed=(1,))
    assert isinstance(chosen, tuple)
    of = {one.snippet: one for one in snippets}
    assert Counter(of[s].group for s in chosen if not of[s].fires) == {"random": 8, "hard": 2}


def test_the_seed_alone_decides_whatever_the_order_of_the_snippets() -> None:
    assert draw_trial(held_out(), seed=(7, 1)) == draw_trial(held_out()[::-1], seed=(7, 1))
    assert draw_trial(held_out(), seed=(7, 1)) != draw_trial(held_out(), seed=(7, 2))


def test_firing_and_silent_snippets_are_mixed() -> None:
    """In no more than one of 50 draws would ten of one kind come first."""
    orders = [draw_trial(held_out(), seed=(seed,)) for seed in range(50)]
    sorted_ones = [order for order in orders if isinstance(order, tuple) and len({s < 1000 for s in order[:10]}) == 1]
    assert len(sorted_ones) <= 1


def test_too_few_snippets_are_said() -> None:
    few = draw_trial(held_out(firing=9), seed=(1,))
    assert isinstance(few, Undefined)
    assert "there are 9 and 24" in few.reason


TRUTH = {i: i < 10 for i in range(20)}


@pytest.mark.parametrize("always", [True, False])
def test_a_reader_who_always_says_the_same_scores_one_half(always: bool) -> None:
    assert balanced_accuracy(dict.fromkeys(TRUTH, always), TRUTH) == 0.5


def test_a_reader_who_is_always_right_scores_one_and_always_wrong_zero() -> None:
    assert balanced_accuracy(TRUTH, TRUTH) == 1
    assert balanced_accuracy({i: not fires for i, fires in TRUTH.items()}, TRUTH) == 0


def test_unequal_numbers_of_both_kinds_weigh_the_same() -> None:
    truth = {1: True, 2: False, 3: False, 4: False}
    assert balanced_accuracy(dict.fromkeys(truth, True), truth) == 0.5


@given(st.lists(st.booleans(), min_size=20, max_size=20))
def test_it_is_a_share_and_turning_every_answer_round_mirrors_it(said: list[bool]) -> None:
    judged = dict(enumerate(said))
    score = balanced_accuracy(judged, TRUTH)
    assert 0 <= score <= 1
    assert balanced_accuracy({i: not one for i, one in judged.items()}, TRUTH) == pytest.approx(1 - score)


@pytest.mark.parametrize("said", [{1: True}, {1: True, 2: False, 3: True}])
def test_every_snippet_has_one_judgement(said: dict[int, bool]) -> None:
    with pytest.raises(ScienceError, match="one judgement"):
        balanced_accuracy(said, {1: True, 2: False})


def test_a_trial_of_one_kind_has_no_accuracy() -> None:
    with pytest.raises(ScienceError, match="that do not"):
        balanced_accuracy({1: True}, {1: True})
