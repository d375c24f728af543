"""Matches between the latents of two SAEs, against dense correlation, and between two real runs."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from torch.nn.functional import cosine_similarity

from saeserve.contract import MATCH_COLUMNS, MiningRequest
from saeserve.loaded import Loaded
from saeserve.match import BEST, CannotMatch, match_by_one, match_runs, match_table
from saeserve.mining import common_tokens as sparse
from saeserve.mining.attempts import MOST, KeepsDying
from saeserve.mining.in_common import in_common
from saeserve.mining.lock import InOtherHands, sole_worker
from saeserve.mining.open_run import Worker
from saeserve.mining.run import mine
from saeserve.mining.token_draw import load_draw
from tests.unit.saeserve.made_up_draws import activations, draw_of

ONE, TWO = activations(5, latents=20), activations(6, latents=30)
TWO[:, 7] = ONE[:, 12] * 3
TWO[:, 8], TWO[:, 9] = np.where(np.arange(400) % 2, ONE[:, 15], 0), np.where(np.arange(400) % 2, 0, ONE[:, 15])
DECODERS = (
    torch.randn(20, 8, generator=torch.Generator().manual_seed(1)),
    torch.randn(30, 8, generator=torch.Generator().manual_seed(2)),
)
Row = dict[str, float]


def matched(*, same_space: bool = True) -> list[Row]:
    return match_table(draw_of(ONE), draw_of(TWO), *DECODERS, same_space=same_space).to_pylist()


def test_cosine_correlation_and_common_tokens_equal_dense_ones() -> None:
    for row in matched():
        latent, other = ONE[:, row["latent"]], TWO[:, row["other"]]
        cosine = cosine_similarity(DECODERS[0][row["latent"]], DECODERS[1][row["other"]], dim=0)
        assert row["cosine"] == pytest.approx(float(cosine), abs=1e-6)
        assert row["tokens"] == int(((latent > 0) & (other > 0)).sum())
        if latent.any() and other.any():
            assert row["correlation"] == pytest.approx(np.corrcoef(latent, other)[0, 1], abs=1e-5)
        else:
            assert row["correlation"] is None


def test_each_latent_has_its_best_by_the_mean_of_both() -> None:
    correlations = np.nan_to_num(np.array([[_r(ONE[:, a], TWO[:, b]) for b in range(30)] for a in range(20)]))
    cosines = cosine_similarity(DECODERS[0][:, None], DECODERS[1][None], dim=2).numpy()
    rows = matched()
    for latent in range(20):
        mine = [row for row in rows if row["latent"] == latent]
        assert [row["rank"] for row in mine] == list(range(len(mine)))
        together = np.where(((ONE[:, [latent]] > 0) & (TWO > 0)).any(axis=0), correlations[latent], -2)
        likely = [other for other in np.argsort(-together, kind="stable")[:BEST].tolist() if together[other] > -2]
        nearest = {*likely, *np.argsort(-cosines[latent])[:BEST].tolist()}
        score = (correlations + cosines)[latent] / 2
        expected = sorted(nearest, key=lambda other: -score[other])[:BEST]
        assert [row["other"] for row in mine] == expected


def _r(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's r by its definition; 0 where one of the two does not vary."""
    if not one.std() or not other.std():
        return 0.0
    return float(((one - one.mean()) * (other - other.mean())).mean() / (one.std() * other.std()))


def test_a_split_latent_has_its_parts_as_matches() -> None:
    rows = [row for row in matched(same_space=False) if row["latent"] == 15]
    assert {rows[0]["other"], rows[1]["other"]} == {8, 9}
    assert all(row["cosine"] is None for row in rows)
    assert next(row["other"] for row in matched(same_space=False) if row["latent"] == 12) == 7


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = matched()
    monkeypatch.setattr(sparse, "PAIRS", 60)
    parts = matched()
    assert [(row["latent"], row["other"], row["tokens"]) for row in parts] == [
        (row["latent"], row["other"], row["tokens"]) for row in whole
    ]


def test_only_tokens_that_both_runs_drew_are_compared() -> None:
    one = draw_of(ONE[:300], hashes=np.arange(300))
    two = draw_of(TWO[::-1][:200], hashes=399 - np.arange(200))
    mine, theirs = in_common(one, two)
    np.testing.assert_array_equal(mine.hashes, theirs.hashes)
    assert mine.hashes.tolist() == list(range(200, 300))
    assert mine.counts.tolist() == (ONE[200:300] > 0).sum(axis=1).tolist()
    assert theirs.counts.tolist() == (TWO[200:300] > 0).sum(axis=1).tolist()


def test_two_runs_are_matched_both_ways(request_for: Callable[..., MiningRequest], tmp_path: Path) -> None:
    one = request_for(tmp_path)
    two = dataclasses.replace(one, top=6)
    for request in (one, two):
        mine(request, Worker(tmp_path, Loaded(tmp_path)))
    there, back = match_runs(tmp_path, one.digest, two.digest)
    assert there == tmp_path / "matches" / one.digest / f"{two.digest}.parquet"
    rows = pq.read_table(there).to_pylist()
    assert list(rows[0]) == list(MATCH_COLUMNS)
    fired = set(np.unique(load_draw(tmp_path / "runs" / one.digest / "tokens.safetensors").latents).tolist())
    assert len(fired) > 50
    for row in rows:
        if row["rank"] == 0 and row["latent"] in fired:
            assert row["other"] == row["latent"]
            assert row["cosine"] == pytest.approx(1, abs=1e-5)
            assert row["correlation"] == pytest.approx(1, abs=1e-5)
    assert pq.read_table(back).to_pylist() == rows


def test_runs_that_differ_in_seed_or_are_missing_are_refused(
    request_for: Callable[..., MiningRequest], tmp_path: Path
) -> None:
    one = request_for(tmp_path)
    two = dataclasses.replace(one, seed=1)
    mine(one, Worker(tmp_path, Loaded(tmp_path)))
    with pytest.raises(CannotMatch, match="is not finished"):
        match_runs(tmp_path, one.digest, two.digest)
    mine(two, Worker(tmp_path, Loaded(tmp_path)))
    with pytest.raises(CannotMatch, match="differ in seed"):
        match_runs(tmp_path, one.digest, two.digest)
    assert not (tmp_path / "matches").exists()


def test_runs_whose_matching_kills_every_worker_do_not_hold_up_the_queue_for_ever(tmp_path: Path) -> None:
    folder = tmp_path / "matches" / "one"
    folder.mkdir(parents=True)
    (folder / "two.attempts").write_text(f'{{"deaths": {MOST}}}')
    with pytest.raises(KeepsDying, match="matching two runs"):
        match_by_one(tmp_path, "one", "two")
    with pytest.raises(CannotMatch, match="is not finished"):
        match_by_one(tmp_path, "one", "two")
    assert not (folder / "two.attempts").exists()
    with sole_worker(folder / "two.lock"), pytest.raises(InOtherHands):
        match_by_one(tmp_path, "one", "two")
