"""All shards' tallies as one, read and kept in blocks of latents: memory does not grow with the SAE's width.

Gives what `merge` gives of the loaded tallies.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from saeserve.artifacts import write_for_now
from saeserve.mining.keep import Limits, drawn, first_rows, pooled_rows, strongest
from saeserve.mining.merge import join
from saeserve.mining.tally import Candidates, Counts, Pool, add_counts, load_part
from saeserve.mining.token_draw import TokenDraw, draw_of, join_draws

LATENT_BLOCK = 2048
LISTS = ("top", "sample", "held")
ROWS = 2**21
"""Candidates of one list held before they are reduced."""
PEAK_ROWS = 12
"""Top candidates of each latent whose strongest token counts for its peak words."""


@dataclass(frozen=True)
class Block:
    """Candidates of the latents [first, last)."""

    first: int
    last: int
    top: Candidates
    sample: Candidates
    held: Candidates


@dataclass(frozen=True)
class Looks:
    """Of each latent the snippets that come first, and where in them it peaks; sorted by latent."""

    latents: NDArray[np.int32]
    snippets: NDArray[np.int32]
    peak_starts: NDArray[np.int32]
    """First character of the strongest token, relative to the snippet."""


@dataclass(frozen=True)
class Merged:
    """What all shards hold together; candidates stay on disk until their block is asked for."""

    counts: Counts
    pool: Pool
    draw: TokenDraw
    looks: dict[bool, Looks]
    """By whether the snippets are reserved: those that the pool keeps as look-alikes."""
    peaks: Looks
    """The first PEAK_ROWS of each latent's top candidates."""
    files: list[Path]
    limits: Limits

    @property
    def width(self) -> int:
        return len(self.counts.firings)

    def blocks(self) -> Iterator[Block]:
        for number, file in enumerate(self.files):
            first = number * LATENT_BLOCK
            yield _load_block(file, first, min(first + LATENT_BLOCK, self.width))


def merge_files(
    files: Sequence[Path],
    limits: Limits,
    *,
    width: int,
    into: Path,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> Merged:
    """Merge shard files into block files in the folder `into`. `on_step` hears steps done and in all."""
    blocks = -(-width // LATENT_BLOCK)
    total = len(files) + blocks
    shards: list[_Shard] = []
    counts: Counts = load_part(files[0], "counts")
    for done, file in enumerate(files, start=1):
        shards.append(_Shard(file, blocks))
        if done > 1:
            add_counts(counts, file)
        on_step(done, total)
    looks: dict[bool, list[Looks]] = {False: [], True: []}
    peaks, written = [], []
    for number in range(blocks):
        block = _merged_block(shards, number, limits, width)
        written.append(into / f"{number:06d}.safetensors")
        _save_block(block, written[-1])
        looks[False].append(_looks(block.top, limits.looks))
        looks[True].append(_looks(block.held, limits.looks))
        peaks.append(_looks(block.top, PEAK_ROWS))
        on_step(len(files) + number + 1, total)
    joined = {reserved: _join_looks(parts) for reserved, parts in looks.items()}
    wanted = np.unique(np.concatenate([part.snippets for part in joined.values()]))
    return Merged(
        counts,
        _merged_pool(files, wanted),
        _merged_draw(files, limits),
        joined,
        _join_looks(peaks),
        written,
        limits,
    )


class _Shard:
    """A shard's file, and where in it each block of latents lies."""

    def __init__(self, file: Path, blocks: int) -> None:
        self._file = file
        self._rows: dict[str, NDArray[np.int64]] = {}
        self._tokens: dict[str, NDArray[np.int64]] = {}
        borders = np.arange(blocks + 1) * LATENT_BLOCK
        with safe_open(file, framework="numpy") as tensors:
            for name in LISTS:
                rows = np.searchsorted(tensors.get_tensor(f"{name}.latents"), borders)
                ends = np.concatenate([[0], np.cumsum(tensors.get_tensor(f"{name}.token_counts"), dtype=np.int64)])
                self._rows[name], self._tokens[name] = rows, ends[rows]

    def read(self, block: int) -> dict[str, Candidates]:
        found = {}
        with safe_open(self._file, framework="numpy") as tensors:
            for name in LISTS:
                rows, tokens = (
                    slice(*borders[name][block : block + 2].tolist()) for borders in (self._rows, self._tokens)
                )
                columns = {field: _slice(tensors, f"{name}.{field}", rows) for field in Candidates.ROW_FIELDS}
                columns |= {field: _slice(tensors, f"{name}.{field}", tokens) for field in Candidates.TOKEN_FIELDS}
                found[name] = Candidates(**columns)
        return found


def _slice(tensors: Any, name: str, part: slice) -> NDArray[Any]:
    """Part of a tensor; safetensors itself refuses an empty one."""
    if part.start == part.stop:
        return tensors.get_tensor(name)[:0]
    return tensors.get_slice(name)[part]


def _merged_block(shards: Sequence[_Shard], number: int, limits: Limits, width: int) -> Block:
    """Reduced whenever ROWS are held: memory does not grow with the number of shards either."""
    held: dict[str, list[Candidates]] = {name: [] for name in LISTS}
    for shard in shards:
        for name, part in shard.read(number).items():
            held[name].append(part)
            if len(held[name]) > 1 and sum(map(len, held[name])) > ROWS:
                held[name] = [_kept(name, held[name], limits)]
    first = number * LATENT_BLOCK
    lists = {name: _kept(name, parts, limits) for name, parts in held.items()}
    return Block(first=first, last=min(first + LATENT_BLOCK, width), **lists)


def _kept(name: str, parts: Sequence[Candidates], limits: Limits) -> Candidates:
    rows = join(parts)
    return strongest(rows, limits.top) if name == "top" else drawn(rows, getattr(limits, name))


def _looks(candidates: Candidates, number: int) -> Looks:
    found = candidates.take(first_rows(candidates, number))
    highest = np.flatnonzero(found.token_values == np.repeat(found.peaks, found.token_counts))
    owners = np.repeat(np.arange(len(found)), found.token_counts)[highest]
    first = highest[np.diff(owners, prepend=-1) != 0]
    return Looks(found.latents, found.snippets, found.token_starts[first])


def _join_looks(parts: Sequence[Looks]) -> Looks:
    return Looks(
        np.concatenate([part.latents for part in parts]),
        np.concatenate([part.snippets for part in parts]),
        np.concatenate([part.peak_starts for part in parts]),
    )


def _merged_pool(files: Sequence[Path], looks: NDArray[np.int32]) -> Pool:
    """Firing latents are read of those snippets only that stay."""
    names = ("snippets", "hashes", "reserved")
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for file in files:
        with safe_open(file, framework="numpy") as tensors:
            for name in names:
                found[name].append(tensors.get_tensor(f"pool.{name}"))
    snippets, hashes, reserved = (np.concatenate(found[name]) for name in names)
    kept = np.sort(snippets[pooled_rows(snippets, hashes, reserved, looks)])
    parts = []
    for file in files:
        pool: Pool = load_part(file, "pool")
        parts.append(pool.take(np.flatnonzero(np.isin(pool.snippets, kept))))
    joined = join(parts)
    return joined.take(np.argsort(joined.snippets, kind="stable"))


def _merged_draw(files: Sequence[Path], limits: Limits) -> TokenDraw:
    """Firings are read of those tokens only whose hash is low enough."""
    hashes = []
    for file in files:
        with safe_open(file, framework="numpy") as tensors:
            hashes.append(tensors.get_tensor("draw.hashes"))
    ordered = np.sort(np.concatenate(hashes))
    limit = ordered[min(len(ordered), limits.draw.tokens) - 1] if len(ordered) else np.uint64(0)
    parts = []
    for file in files:
        draw: TokenDraw = load_part(file, "draw")
        parts.append(draw.take(np.flatnonzero(draw.hashes <= limit)))
    return draw_of(join_draws(parts), limits.draw)


def _save_block(block: Block, path: Path) -> None:
    tensors = {
        f"{name}.{field}": getattr(getattr(block, name), field)
        for name in LISTS
        for field in (*Candidates.ROW_FIELDS, *Candidates.TOKEN_FIELDS)
    }
    write_for_now(path, lambda file: save_file(tensors, file))


def _load_block(path: Path, first: int, last: int) -> Block:
    tensors = load_file(path)
    lists = {
        name: Candidates(
            **{field: tensors[f"{name}.{field}"] for field in (*Candidates.ROW_FIELDS, *Candidates.TOKEN_FIELDS)}
        )
        for name in LISTS
    }
    return Block(first, last, **lists)
