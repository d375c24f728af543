import pytest

from annotation.science.table import RatingTable
from annotation.science.types import Answer, ScienceError


def test_cannot_tell_is_missing_and_its_share_is_known():
    table = RatingTable.from_answers([Answer("1", "ada", "x"), Answer("1", "ben", None), Answer("2", "ada", "y")])
    assert table.codes.tolist() == [[0, -1], [1, -1]]
    assert table.cannot_tell_share == pytest.approx(1 / 3)


def test_only_first_readings_enter():
    table = RatingTable.from_answers([Answer("1", "ada", "x"), Answer("1", "ada", "y", reading=2)], ["x", "y"])
    assert table.counts.tolist() == [[1, 0]]


def test_a_second_answer_in_one_reading_is_refused():
    with pytest.raises(ScienceError, match="Rater ada answered latent 1 twice"):
        RatingTable.from_answers([Answer("1", "ada", "x"), Answer("1", "ada", "y")])


def test_an_answer_outside_the_rubric_is_refused():
    with pytest.raises(ScienceError, match="'z' is not among the rubric's options"):
        RatingTable.from_answers([Answer("1", "ada", "z")], ["x", "y"])


def test_the_table_cannot_be_changed():
    table = RatingTable.from_answers([Answer("1", "ada", "x")])
    with pytest.raises(ValueError, match="read-only"):
        table.codes[0, 0] = 5


def test_no_answers_give_an_empty_table():
    table = RatingTable.from_answers([])
    assert table.counts.shape == (0, 0)
    assert table.cannot_tell_share == 0
