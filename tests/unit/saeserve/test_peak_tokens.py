"""Tokens on which latents fire, and where in the corpus they fire, against plain loops."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from saeserve.mining.peak_tokens import FEWEST, SHOWN, peak_tokens
from saeserve.mining.where import where
from tests.unit.saeserve.made_up_draws import activations, draw_of


def test_peak_tokens_equal_plain_loops() -> None:
    dense = activations(3)
    ids = np.random.default_rng(3).zipf(1.5, len(dense)) % 40
    found = peak_tokens(draw_of(dense, ids=ids), width=25)
    for latent in range(25):
        values: dict[int, list[float]] = defaultdict(list)
        for token in np.flatnonzero(dense[:, latent]):
            values[int(ids[token])].append(float(dense[token, latent]))
        total = sum(map(len, values.values()))
        expected = sorted(values.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:SHOWN]
        rows = found.latents == latent
        assert found.ids[rows].tolist() == [token for token, _ in expected]
        assert found.firings[rows].tolist() == [len(each) for _, each in expected]
        assert found.shares[rows].tolist() == pytest.approx([len(each) / total for _, each in expected])
        assert found.means[rows].tolist() == pytest.approx([np.mean(each) for _, each in expected], rel=1e-5)


@pytest.mark.parametrize(
    ("on_the_token", "elsewhere", "single"),
    [
        (FEWEST, 0, True),
        (9, 1, True),
        (8, 2, False),
        (FEWEST - 1, 0, False),
        (90, 10, True),
        (89, 11, False),
        (0, 0, False),
    ],
)
def test_a_latent_is_single_token_from_nine_tenths_of_ten_firings(
    on_the_token: int, elsewhere: int, single: bool
) -> None:
    dense = np.zeros((200, 3))
    dense[: on_the_token + elsewhere, 1] = 1
    ids = np.where(np.arange(200) < on_the_token, 7, 100 + np.arange(200))
    flags = peak_tokens(draw_of(dense, ids=ids), width=3).single_token(0.9, 3)
    assert flags.tolist() == [False, single, False]


def test_where_latents_fire_equals_plain_loops() -> None:
    chance = np.random.default_rng(4)
    of_token = chance.integers(0, 4, 500)
    fires = chance.random((500, 3)) < [0, 0.1, 0.5]
    names = ["", "Cardiology", "Neurology", "Urology"]
    table = np.array([[(fires[:, latent] & (of_token == kind)).sum() for kind in range(4)] for latent in range(3)])
    found = where(table, np.bincount(of_token), names)
    assert found[0] == []
    for latent in (1, 2):
        counted = Counter(names[kind] for kind in of_token[fires[:, latent]].tolist() if kind)
        assert {row["name"]: row["firings"] for row in found[latent]} == counted
        for row in found[latent]:
            inside = of_token == names.index(row["name"])
            assert row["lift"] == pytest.approx(fires[inside, latent].mean() / fires[:, latent].mean())
        firings = [row["firings"] for row in found[latent]]
        assert firings == sorted(firings, reverse=True)
