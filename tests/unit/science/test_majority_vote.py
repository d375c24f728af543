from annotation.science.majority import majority
from annotation.science.types import Answer


def test_the_most_frequent_answer_wins(ratings):
    (only,) = majority(ratings("aab"))
    assert only.winners == ("a",)
    assert not only.tied
    assert only.votes == {"a": 2, "b": 1}
    assert only.share == 2 / 3


def test_a_tie_shows_all_its_winners(ratings):
    (only,) = majority(ratings("abab"))
    assert only.winners == ("a", "b")
    assert only.tied


def test_a_rater_who_reads_twice_still_has_one_vote():
    answers = [Answer("1", "ada", "a"), Answer("1", "ada", "b", reading=2), Answer("1", "ben", "b")]
    (only,) = majority(answers)
    assert only.votes == {"b": 1.5, "a": 0.5}
    assert only.n_raters == 2


def test_cannot_tell_is_no_vote(ratings):
    first, second = majority(ratings("a..", "..."))
    assert (first.winners, first.cannot_tell, first.n_raters) == (("a",), 2, 1)
    assert (second.winners, second.cannot_tell, second.share) == ((), 3, 0)


def test_half_a_vote_more_is_no_tie():
    answers = [
        Answer("1", "ada", "a"),
        Answer("1", "ada", "b", reading=2),
        Answer("1", "ben", "a"),
        Answer("1", "eva", "b"),
    ]
    (level,) = majority(answers)
    (ahead,) = majority([*answers[:3], Answer("1", "eva", "c")])
    assert level.winners == ("a", "b")
    assert ahead.winners == ("a",)
    assert ahead.votes == {"a": 1.5, "c": 1, "b": 0.5}
