"""Co-activation of all pairs of latents, against plain loops and against numpy's correlation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saeserve.mining import common_tokens as sparse
from saeserve.mining.coactivation import FEWEST, SHOWN, Coactivation, coactivation, highest
from tests.unit.saeserve.made_up_draws import activations, draw_of


def naive(dense: np.ndarray) -> list[tuple[int, int, int, float, float]]:
    fires = dense > 0
    rows = []
    for latent in range(fires.shape[1]):
        pairs = []
        for other in range(fires.shape[1]):
            common = int((fires[:, latent] & fires[:, other]).sum())
            if other == latent or common < FEWEST or fires[:, latent].all() or fires[:, other].all():
                continue
            phi = float(np.corrcoef(fires[:, latent], fires[:, other])[0, 1])
            lift = float((common / len(fires)) / (fires[:, latent].mean() * fires[:, other].mean()))
            pairs.append((latent, other, common, lift, phi))
        rows += sorted(pairs, key=lambda pair: (-round(pair[4], 9), pair[1]))[:SHOWN]
    return rows


def rows_of(found: Coactivation) -> list[tuple[float, ...]]:
    columns = (found.latents, found.others, found.tokens, found.lift, found.phi)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_lift_and_phi_equal_plain_loops(seed: int) -> None:
    dense = activations(seed)
    assert np.array(rows_of(coactivation(draw_of(dense), width=25))) == pytest.approx(np.array(naive(dense)))


def test_blocks_of_latents_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = draw_of(activations(1))
    whole = coactivation(draw, width=25)
    monkeypatch.setattr(sparse, "PAIRS", 50)
    assert rows_of(coactivation(draw, width=25)) == rows_of(whole)


def test_latents_that_fire_alike_come_first_and_opposites_are_left_out() -> None:
    found = coactivation(draw_of(activations(2)), width=25)
    first = {int(latent): int(other) for latent, other in zip(found.latents[::-1], found.others[::-1], strict=True)}
    assert (first[2], first[3]) == (3, 2)
    assert 4 not in found.others[found.latents == 2]
    assert not {0, 1} & set(found.latents.tolist())


def test_nothing_drawn_gives_no_pair() -> None:
    assert rows_of(coactivation(draw_of(np.zeros((0, 25))), width=25)) == []


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), max_size=12), max_size=6), st.integers(1, 5))
def test_the_highest_of_each_row_are_those_of_a_sort(rows: list[list[int]], number: int) -> None:
    borders = np.cumsum([0, *map(len, rows)])
    scores = np.array([score for row in rows for score in row], float)
    others = np.concatenate([np.empty(0, int), *(np.arange(len(row)) for row in rows)])
    expected = [
        first + place
        for first, row in zip(borders.tolist(), rows, strict=False)
        for place in sorted(range(len(row)), key=lambda at, row=row: (-row[at], at))[:number]
    ]
    assert highest(borders, scores, others, number).tolist() == expected
