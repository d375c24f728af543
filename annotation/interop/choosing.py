"""Which passages become a latent's snippets: the same kinds, and the same rules, as in a mined run.

Documents are reserved by hash before anything is chosen: held-out snippets come from those alone, and nothing shown
does. No two snippets of a latent are shown from one document, nor with the same words.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

TOP, DECILE, FOIL_RANDOM, FOIL_HARD = "top", "decile", "foil-random", "foil-hard"
HELD_OUT, HELD_OUT_RANDOM, HELD_OUT_HARD = "held-out", "held-out-random", "held-out-hard"
KINDS = (TOP, DECILE, FOIL_RANDOM, FOIL_HARD, HELD_OUT, HELD_OUT_RANDOM, HELD_OUT_HARD)
DECILES = 10
LOOKED_AT = 4_000
"""Firing passages a latent among which those of the deciles are sought, in a seeded order."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How many snippets of each kind; the fields and defaults of a mining request."""

    reserved_share: float = 0.25
    top: int = 12
    per_decile: int = 1
    foils: int = 6
    held_out: int = 10
    seed: int = 20261122


@dataclass(frozen=True)
class Frame:
    """What choosing must know of each passage."""

    documents: NDArray[np.int32]
    groups: NDArray[np.int64]
    reserved: NDArray[np.bool_]
    """[document]"""


@dataclass(frozen=True)
class Looks:
    """Where one latent fires, and passages in which it is known to be silent."""

    passages: NDArray[np.int64]
    peaks: NDArray[np.float32]
    alike: Iterable[int]
    """Silent ones that hold a word on which it fires elsewhere, those to be taken first in front."""
    others: Iterable[int]
    """Silent ones of any kind."""


@dataclass(frozen=True)
class Choice:
    kind: str
    rank: int
    decile: int | None
    """0 the weakest; None where it does not fire."""
    passage: int
    peak: float


@dataclass
class _Used:
    """Documents and wordings that a latent's snippets have used up."""

    frame: Frame
    documents: set[int] = field(default_factory=set)
    groups: set[int] = field(default_factory=set)

    def take(self, passage: int) -> bool:
        """Whether it is free; it is not any more."""
        document, group = int(self.frame.documents[passage]), int(self.frame.groups[passage])
        if document in self.documents or group in self.groups:
            return False
        self.documents.add(document)
        self.groups.add(group)
        return True


def reserve(keys: Sequence[str], wish: Wish) -> NDArray[np.bool_]:
    """[document] whether it is held out: by a hash of its key and the seed, so that no latent has a say."""
    return np.array([_share(key, wish.seed) < wish.reserved_share for key in keys], bool)


def _share(key: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def edges_of(peaks: NDArray[np.floating]) -> NDArray[np.float64]:
    """[9] deciles of the peaks, rising; empty where there are none."""
    if not len(peaks):
        return np.empty(0)
    found: NDArray[np.float64] = np.quantile(peaks.astype(np.float64), np.arange(1, DECILES) / DECILES)
    return found


def choose(latent: int, looks: Looks, edges: NDArray[np.float64], frame: Frame, wish: Wish) -> list[Choice]:
    """Snippets of one latent; none where it never fires. `edges`: its nine deciles, by which strength is told."""
    if not len(looks.passages):
        return []
    held = frame.reserved[frame.documents[looks.passages]]
    strongest = np.argsort(-looks.peaks, kind="stable")
    alike, others = list(looks.alike), list(looks.others)
    shown, kept = _Used(frame), _Used(frame)
    decile = np.searchsorted(edges, looks.peaks, side="right") if len(edges) else np.zeros(len(looks.peaks), np.int64)

    def firing(kind: str, rows: Iterable[int]) -> list[Choice]:
        return [
            Choice(kind, rank, int(decile[row]), int(looks.passages[row]), float(looks.peaks[row]))
            for rank, row in enumerate(rows)
        ]

    def silent(kind: str, passages: list[int], used: _Used, number: int, *, reserved: bool) -> list[Choice]:
        free = (one for one in passages if frame.reserved[frame.documents[one]] == reserved and used.take(one))
        return [Choice(kind, rank, None, one, 0.0) for rank, one in zip(range(number), free, strict=False)]

    def take(rows: Iterable[int], used: _Used, number: int) -> list[int]:
        free = (row for row in rows if used.take(int(looks.passages[row])))
        return [row for _, row in zip(range(number), free, strict=False)]

    top = take(strongest[~held[strongest]].tolist(), shown, wish.top)
    middle = _by_decile(latent, decile, held, looks, shown, wish)
    reserved = take(_spread(strongest[held[strongest]], 3 * wish.held_out), kept, wish.held_out)
    return [
        *firing(TOP, top),
        *(choice for one in middle for choice in firing(DECILE, one)),
        *silent(FOIL_HARD, alike, shown, wish.foils, reserved=False),
        *silent(FOIL_RANDOM, others, shown, wish.foils, reserved=False),
        *firing(HELD_OUT, sorted(reserved, key=lambda row: -float(looks.peaks[row]))),
        *silent(HELD_OUT_HARD, alike, kept, wish.held_out, reserved=True),
        *silent(HELD_OUT_RANDOM, others, kept, wish.held_out, reserved=True),
    ]


def _by_decile(
    latent: int, decile: NDArray[np.integer], held: NDArray[np.bool_], looks: Looks, used: _Used, wish: Wish
) -> list[list[int]]:
    """Rows of each decile, the strongest decile first, drawn in a seeded order of the latent's own."""
    order = np.random.default_rng([wish.seed, latent]).permutation(np.flatnonzero(~held))[:LOOKED_AT]
    found: list[list[int]] = [[] for _ in range(DECILES)]
    for row in order[np.argsort(-decile[order], kind="stable")].tolist():
        rows = found[int(decile[row])]
        if len(rows) < wish.per_decile and used.take(int(looks.passages[row])):
            rows.append(row)
    return [sorted(rows, key=lambda row: -float(looks.peaks[row])) for rows in reversed(found)]


def _spread(rows: NDArray[np.integer], number: int) -> list[int]:
    """`number` of the rows at even steps from the first to the last, then the rest, so that doubles can be replaced."""
    if len(rows) <= number:
        return [int(row) for row in rows]
    steps = np.unique(np.round(np.linspace(0, len(rows) - 1, number)).astype(int))
    chosen = rows[steps].tolist()
    return [*chosen, *np.delete(rows, steps).tolist()]
