"""How steady somebody decides: Wilson's interval and Cohen's kappa , and what is undefined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.science.repeat_consistency import repeat_consistency
from annotation.science.types import Interval, Undefined


def test_kappa_of_a_table_by_hand() -> None:
    """Two readers of 50 proposals: 20 times yes, 15 times no, 15 times apart; .7 against .5 by chance gives .4."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    found = repeat_consistency(pairs)
    assert (found.n, found.same, found.share) == (50, 35, 0.7)
    assert found.kappa == pytest.approx(0.4)


def test_wilsons_interval_of_a_published_case() -> None:
    """Newcombe, Statistics in Medicine 1998;17:857, table I: 15 of 148 gives .0624 to .1605."""
    pairs = [("a", "a")] * 15 + [("a", "b")] * 133
    interval = repeat_consistency(pairs).interval
    assert isinstance(interval, Interval)
    assert (interval.low, interval.high) == pytest.approx((0.0624, 0.1605), abs=5e-5)


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([], "No case has come back yet"),
        ([("a", "b")], "needs two or more"),
        ([("a", "a"), ("a", "a")], "Every decision was the same one"),
    ],
)
def test_what_cannot_be_computed_says_why(pairs: list[tuple[str, str]], sentence: str) -> None:
    kappa = repeat_consistency(pairs).kappa
    assert isinstance(kappa, Undefined)
    assert sentence in kappa.reason


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1))
def test_shares_lie_within_their_interval_and_order_does_not_matter(pairs: list[tuple[str, str]]) -> None:
    found = repeat_consistency(pairs)
    assert isinstance(found.interval, Interval)
    assert not isinstance(found.share, Undefined)
    assert 0 <= found.interval.low <= found.share + 1e-12
    assert found.share - 1e-12 <= found.interval.high <= 1
    again = repeat_consistency(pairs[::-1])
    assert (again.share, again.interval) == (found.share, found.interval)
    assert isinstance(found.kappa, Undefined) or -1 <= found.kappa <= 1
