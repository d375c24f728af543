"""Latents of two SAEs of one model that match: by decoder direction, and by firing on the same tokens alike.

A latent of a narrow SAE that was split has several matches in a wide one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from saeserve.artifacts import read_json, write_atomically
from saeserve.contract import MANIFEST_FILE, Manifest, MiningRequest
from saeserve.formats.read import read_sae
from saeserve.identity import sae_digest
from saeserve.mining.attempts import attempt
from saeserve.mining.coactivation import highest
from saeserve.mining.common_tokens import Common, products
from saeserve.mining.in_common import in_common
from saeserve.mining.lock import sole_worker
from saeserve.mining.token_draw import TOKENS_FILE, TokenDraw, load_draw
from saeserve.refusal import Refusal

BEST = 8
LATENT_BLOCK = 1024
RESIDUAL = re.compile(r"[^:]+|.+\.\d+:input")
"""Places that write to the residual stream: modules' outputs, and what goes into a block."""
MATCHES = pa.schema(
    [
        ("latent", pa.int32()),
        ("other", pa.int32()),
        ("rank", pa.int32()),
        ("cosine", pa.float32()),
        ("correlation", pa.float64()),
        ("tokens", pa.int64()),
    ]
)


class CannotMatch(Refusal):
    """The two runs cannot be compared."""


@dataclass(frozen=True)
class Side:
    """One of the two runs."""

    digest: str
    manifest: Manifest
    draw: TokenDraw
    decoder: Float[Tensor, "latent width"]

    @property
    def width(self) -> int:
        return self.manifest.sae_width


@dataclass(frozen=True)
class Pairs:
    """Candidate matches, by latent; no pair occurs twice."""

    latents: NDArray[np.int64]
    others: NDArray[np.int64]
    cosines: NDArray[np.float64] | None
    correlations: NDArray[np.float64]
    """nan where undefined."""
    tokens: NDArray[np.int64]


def match_runs(root: Path, run: str, other: str, *, device: str = "cpu") -> tuple[Path, Path]:
    """Match two finished runs both ways. Writes and returns matches/<run>/<other>.parquet and the way back.

    Raises CannotMatch where a run is missing or the two differ in model, corpus or seed, and BadSae.
    """
    one, two = (_side(root, digest, device) for digest in (run, other))
    _check(one, two)
    mine, theirs = in_common(one.draw, two.draw)
    files = []
    for left, right, draws in ((one, two, (mine, theirs)), (two, one, (theirs, mine))):
        file = root / "matches" / left.digest / f"{right.digest}.parquet"
        table = match_table(*draws, left.decoder, right.decoder, same_space=_same_space(left, right))
        write_atomically(file, partial(_write, table))
        files.append(file)
    return files[0], files[1]


def match_by_one(root: Path, run: str, other: str, *, device: str = "cpu") -> None:
    """The same for workers: one of them at a time, and not for ever where it kills each of them.

    Raises InOtherHands and KeepsDying besides.
    """
    work = root / "matches" / run / other
    lock = work.with_suffix(".lock")
    with sole_worker(lock), attempt(work.with_suffix(".attempts"), work="matching two runs"):
        match_runs(root, run, other, device=device)
        lock.unlink(missing_ok=True)


def _write(table: pa.Table, aside: Path) -> None:
    pq.write_table(table, aside, compression="zstd")


def match_table(
    draw: TokenDraw,
    other_draw: TokenDraw,
    decoder: Float[Tensor, "latent width"],
    other_decoder: Float[Tensor, "other width"],
    *,
    same_space: bool,
) -> pa.Table:
    """MATCHES of every latent: its BEST by the mean of cosine and correlation, of which an unknown one counts as 0.

    The draws hold the same tokens in the same order. Looked at are each latent's BEST by cosine and by correlation.
    """
    parts = [
        _ranked(pairs, first, last)
        for first, last, pairs in _blocks(draw, other_draw, decoder, other_decoder, same_space=same_space)
    ]
    return pa.concat_tables([MATCHES.empty_table(), *parts])


def _blocks(
    draw: TokenDraw,
    other_draw: TokenDraw,
    decoder: Float[Tensor, "latent width"],
    other_decoder: Float[Tensor, "other width"],
    *,
    same_space: bool,
) -> Iterator[tuple[int, int, Pairs]]:
    rows, columns = _directions(decoder), _directions(other_decoder)
    mine, theirs = _moments(draw, len(decoder)), _moments(other_draw, len(other_decoder))
    for common, sums in products(draw, other_draw, width=len(decoder), other_width=len(other_decoder)):
        correlations = _correlations(common.latents, common.others, sums, mine, theirs, len(draw))
        borders = np.searchsorted(common.latents, np.arange(common.first, common.last + 1))
        best = highest(borders, np.nan_to_num(correlations, nan=-2.0), common.others, BEST)
        keys = [_keys(common.latents[best], common.others[best])]
        if same_space:
            keys.append(_nearest(rows[common.first : common.last], columns, common.first))
        wanted = np.unique(np.concatenate(keys))
        latents, others = wanted >> 32, wanted & 0xFFFFFFFF
        tokens, product = _looked_up(wanted, common, sums)
        cosines = (rows[latents] * columns[others]).sum(dim=1).double().cpu().numpy() if same_space else None
        correlations = _correlations(latents, others, product, mine, theirs, len(draw))
        yield common.first, common.last, Pairs(latents, others, cosines, correlations, tokens)


def _keys(latents: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number a pair."""
    return latents << 32 | others


def _looked_up(
    wanted: NDArray[np.int64], common: Common, sums: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(common tokens, sum of products) of each pair; 0 where they never fire together."""
    known = _keys(common.latents, common.others)
    if not len(known):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted))
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    found = known[at] == wanted
    return np.where(found, common.tokens[at], 0), np.where(found, sums[at], 0.0)


def _ranked(pairs: Pairs, first: int, last: int) -> pa.Table:
    score = np.nan_to_num(pairs.correlations, nan=0.0)
    if pairs.cosines is not None:
        score = (score + pairs.cosines) / 2
    borders = np.searchsorted(pairs.latents, np.arange(first, last + 1))
    best = highest(borders, score, pairs.others, BEST)
    latents = pairs.latents[best]
    ranks = np.arange(len(best)) - np.searchsorted(latents, latents, side="left")
    cosines = None if pairs.cosines is None else pairs.cosines[best]
    return pa.table(
        {
            "latent": pa.array(latents, pa.int32()),
            "other": pa.array(pairs.others[best], pa.int32()),
            "rank": pa.array(ranks, pa.int32()),
            "cosine": pa.nulls(len(best), pa.float32()) if cosines is None else pa.array(cosines, pa.float32()),
            "correlation": pa.array(pairs.correlations[best], pa.float64(), from_pandas=True),
            "tokens": pa.array(pairs.tokens[best], pa.int64()),
        },
        schema=MATCHES,
    )


def _moments(draw: TokenDraw, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[latent] sum of activations and of their squares."""
    values = draw.values.astype(np.float64)
    sums = [np.bincount(draw.latents, weights=power, minlength=width) for power in (values, values**2)]
    return sums[0].astype(np.float64), sums[1].astype(np.float64)


def _correlations(
    latents: NDArray[np.int64],
    others: NDArray[np.int64],
    sums: NDArray[np.float64],
    mine: tuple[NDArray[np.float64], NDArray[np.float64]],
    theirs: tuple[NDArray[np.float64], NDArray[np.float64]],
    tokens: int,
) -> NDArray[np.float64]:
    """Pearson's r of pairs over all tokens, silent ones as 0: nan where an activation does not vary.

    sums: of products. mine, theirs: [latent] sums of activations and of squares.
    """
    (x, xx), (y, yy) = mine, theirs
    left = tokens * xx[latents] - x[latents] ** 2
    right = tokens * yy[others] - y[others] ** 2
    spread = np.sqrt(np.maximum(left, 0) * np.maximum(right, 0))
    above = tokens * sums - x[latents] * y[others]
    return np.divide(above, spread, out=np.full(len(above), np.nan), where=spread > 0).clip(-1, 1)


def _directions(decoder: Float[Tensor, "latent width"]) -> Float[Tensor, "latent width"]:
    return normalize(decoder.detach().float(), dim=1)


def _nearest(rows: Tensor, columns: Tensor, first: int) -> NDArray[np.int64]:
    """latent << 32 | other of the BEST by cosine of each row."""
    keys = []
    for start in range(0, len(rows), LATENT_BLOCK):
        similar = rows[start : start + LATENT_BLOCK] @ columns.T
        others = similar.topk(min(BEST, len(columns)), dim=1).indices.cpu().numpy().astype(np.int64)
        latents = np.arange(len(others), dtype=np.int64)[:, None] + first + start
        keys.append(_keys(latents, others).ravel())
    return np.concatenate([np.empty(0, np.int64), *keys])


def _side(root: Path, digest: str, device: str) -> Side:
    folder = root / "runs" / digest
    files = (folder / MANIFEST_FILE, folder / TOKENS_FILE)
    if not all(file.is_file() for file in files):
        raise CannotMatch(f"The run {digest} is not finished or lacks {TOKENS_FILE}; mine it again.")
    manifest = Manifest.from_dict(read_json(files[0]))
    request = MiningRequest.from_dict(manifest.request)
    sae = read_sae(root / request.sae, options=request.sae_options, device=device)
    if sae_digest(sae.coder) != manifest.sae_digest:
        raise CannotMatch(f"The SAE {request.sae} has changed since run {digest} was mined with it; mine it again.")
    return Side(digest, manifest, load_draw(files[1]), sae.coder.decoder)


def _check(one: Side, two: Side) -> None:
    """Raises CannotMatch, saying in what the runs differ."""
    same = {
        "model": (one.manifest.model_revision, two.manifest.model_revision),
        "corpus": (one.manifest.request["corpus_digest"], two.manifest.request["corpus_digest"]),
        "seed": (one.manifest.request["seed"], two.manifest.request["seed"]),
    }
    differ = [name for name, (mine, theirs) in same.items() if mine != theirs]
    if differ:
        raise CannotMatch(f"The runs differ in {' and '.join(differ)}; match runs that share model, corpus and seed.")


def _same_space(one: Side, two: Side) -> bool:
    """Whether both write to one space: the same place, or the residual stream at any depth."""
    places = {side.manifest.output_hook_point for side in (one, two)}
    if one.decoder.shape[1] != two.decoder.shape[1]:
        return False
    return len(places) == 1 or all(RESIDUAL.fullmatch(place) for place in places)
