"""Chance that can be drawn again."""

from hypothesis import given
from hypothesis import strategies as st

from annotation.rules.turns import TURNS, drawn, turn


def test_the_same_parts_give_the_same_turn_on_any_machine() -> None:
    assert turn(20261122, 1, 2, 3) == 1705681186
    assert turn(20261122, 1, 2, 3) != turn(20261122, 1, 23)


@given(st.integers(), st.integers())
def test_a_turn_fits_its_column(seed: int, part: int) -> None:
    assert 0 <= turn(seed, part) < TURNS


def test_about_the_share_is_drawn() -> None:
    among = [drawn(0.15, 7, latent, rater) for latent in range(200) for rater in range(50)]
    assert 0.14 < sum(among) / len(among) < 0.16


@given(st.integers(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_keeps_what_a_smaller_drew(part: int, one: float, other: float) -> None:
    assert not drawn(min(one, other), 7, part) or drawn(max(one, other), 7, part)


@given(st.integers())
def test_nothing_and_everything_are_shares_too(part: int) -> None:
    assert not drawn(0.0, 7, part)
    assert drawn(1.0, 7, part)
