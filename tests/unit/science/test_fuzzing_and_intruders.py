"""Marks that are moved to other words, and sets with one snippet that does not belong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.science.fuzzing import FuzzingTrial, Marked, draw_fuzzing
from annotation.science.intruder import Found, draw_intruders, intruders_found
from annotation.science.reading_trial import HeldOut
from annotation.science.types import Interval, ScienceError, Undefined


def marked(number: int, words: int = 12, firing: tuple[int, ...] = (3, 4)) -> Marked:
    """Words of four letters with a blank between; the latent fires on part of some."""
    spans = tuple((5 * i, 5 * i + 4) for i in range(words))
    return Marked(number, spans, tuple((5 * i + 1, 5 * i + 3) for i in firing))


def drawn(snippets: list[Marked], seed: int = 1) -> tuple[FuzzingTrial, ...]:
    found = draw_fuzzing(snippets, seed=(seed,))
    assert isinstance(found, tuple)
    return found


def test_half_are_marked_where_they_fire_and_half_as_widely_elsewhere() -> None:
    trials = drawn([marked(i) for i in range(10)])
    assert sorted(one.right for one in trials) == [False] * 5 + [True] * 5
    assert len({one.snippet for one in trials}) == 10, "nobody sees a snippet with both kinds of marks"
    own = ((15, 19), (20, 24))
    for one in trials:
        assert len(one.marks) == 2
        assert (one.marks == own) is one.right
        assert one.right or not set(one.marks) & set(own)


def test_whole_words_are_marked_though_the_latent_fires_on_pieces() -> None:
    right = next(one for one in drawn([marked(i) for i in range(4)]) if one.right)
    assert right.marks == ((15, 19), (20, 24))


def test_a_snippet_that_fires_all_over_cannot_be_marked_wrongly() -> None:
    everywhere = [marked(i, words=6, firing=(0, 2, 3, 5)) for i in range(6)]
    assert isinstance(draw_fuzzing(everywhere, seed=(1,)), Undefined)
    trials = drawn([*everywhere, marked(90), marked(91)])
    assert {one.snippet for one in trials} == {90, 91}


def test_the_seed_alone_decides_the_trials() -> None:
    snippets = [marked(i, words=20 + i) for i in range(12)]
    assert drawn(snippets, 3) == drawn(snippets[::-1], 3)
    assert drawn(snippets, 3) != drawn(snippets, 4)


def held_out(firing: int = 10, silent: int = 12) -> list[HeldOut]:
    rows = [HeldOut(i, True, i % 10) for i in range(firing)]
    return rows + [HeldOut(100 + i, False, ("random", "hard")[i % 2]) for i in range(silent)]


@given(st.integers(4, 20), st.integers(1, 20), st.integers(0, 99))
def test_each_set_has_one_that_does_not_belong(firing: int, silent: int, seed: int) -> None:
    sets = draw_intruders(held_out(firing, silent), seed=(seed,))
    assert isinstance(sets, tuple)
    assert len(sets) == min(8, silent)
    for one in sets:
        assert len(set(one.snippets)) == 5
        assert [snippet for snippet in one.snippets if snippet >= 100] == [one.odd]
    assert len({one.odd for one in sets}) == len(sets)
    used = [s for one in sets for s in one.snippets if s < 100]
    counts = [used.count(s) for s in range(firing)]
    assert max(counts) - min(counts) <= 2, "the firing ones take turns"


def test_the_odd_one_stands_at_every_place() -> None:
    places = {
        one.snippets.index(one.odd)
        for seed in range(10)
        for one in draw_intruders(held_out(), seed=(seed,))  # type: ignore[union-attr]
    }
    assert places == {0, 1, 2, 3, 4}


def test_too_few_snippets_make_no_set() -> None:
    assert isinstance(draw_intruders(held_out(firing=3), seed=(1,)), Undefined)
    assert isinstance(draw_intruders(held_out(silent=0), seed=(1,)), Undefined)


def test_guessing_finds_one_in_five_and_nine_intervals_in_ten_say_so() -> None:
    rng, held, times = np.random.default_rng(4), 0, 100
    for _ in range(times):
        found = intruders_found([(int(rng.binomial(8, 0.2)), 8) for _ in range(60)], seed=1, replicates=400)
        assert isinstance(found, Found)
        assert isinstance(found.interval, Interval)
        assert (found.chance, found.sets, found.latents) == (0.2, 480, 60)
        held += found.interval.low <= 0.2 <= found.interval.high
    assert held >= 0.88 * times


def test_one_latent_is_resampled_by_its_sets() -> None:
    found = intruders_found([(6, 8)], seed=1)
    assert isinstance(found, Found)
    assert isinstance(found.interval, Interval)
    assert found.interval.low < 0.75 < found.interval.high


def test_nothing_judged_is_undefined_and_more_found_than_shown_is_refused() -> None:
    assert isinstance(intruders_found([], seed=1), Undefined)
    assert isinstance(intruders_found([(0, 0)], seed=1), Undefined)
    with pytest.raises(ScienceError):
        intruders_found([(9, 8)], seed=1)
