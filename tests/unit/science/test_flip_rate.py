import itertools

import numpy as np
import pytest

from annotation.science.answer_table import answer_table
from annotation.science.clc import clc
from annotation.science.flip_rate import flip_rates
from annotation.science.types import Answer, closed_item


def alike(table):
    """Every answer weighs one nat for its own class, and all classes are even beforehand."""
    return np.zeros((len(table.latents), table.width)), table.one_hot


def test_it_tends_to_the_exact_share_of_draws_that_change_the_answer(ratings):
    """Three of one mind and one of another: of all 4^4 draws, those with two or more of the other no longer lead."""
    table = answer_table(ratings("aaab", "aaaa", "aab."), closed_item("ab"))
    found = flip_rates(table, *alike(table), resamples=20_000, seed=1)
    of_four = np.mean([draw.count("b") >= 2 for draw in itertools.product("aaab", repeat=4)])
    of_three = np.mean([draw.count("b") >= 2 for draw in itertools.product("aab", repeat=3)])
    assert found == pytest.approx([of_four, 0, of_three], abs=0.015)


def test_two_readings_of_one_rater_are_drawn_together():
    """With a repeat drawn apart from its first reading, the pair of raters would flip more often than 1 draw in 4."""
    answers = [Answer("1", "ada", "a"), Answer("1", "ada", "a", reading=2), Answer("1", "ben", "b")]
    table = answer_table(answers, closed_item("ab"))
    assert flip_rates(table, *alike(table), resamples=20_000, seed=1) == pytest.approx([0.25], abs=0.015)


def test_agreement_never_flips_and_an_even_split_often_does(ratings):
    result = clc(ratings(*["aaaa", "bbbb"] * 10, "aabb"), closed_item("ab"), seed=1)
    assert result.of("latent 00").flip_rate == 0
    assert result.of("latent 20").flip_rate > 0.35
