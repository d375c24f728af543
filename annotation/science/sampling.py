"""Which latents are rated: a seeded sample of the eligible ones, stratified by density and by the researcher's names.

Eligible: alive, firing in at least `minimum_documents` distinct documents, on at most `maximum_density` of tokens. Each
stratum gives its proportional share (largest remainder). A stratum's draw depends on the seed and its own name only.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from annotation.science.types import ScienceError

VERSION = "sample-1"
DENSITY_BANDS = ("rare", "middling", "frequent")


@dataclass(frozen=True)
class Stratum:
    name: str
    eligible: int
    drawn: int


@dataclass(frozen=True)
class Sample:
    indices: tuple[int, ...]
    """Positions in the input, ascending."""
    strata: tuple[str, ...]
    """The stratum of each drawn latent."""
    frame: tuple[Stratum, ...]
    """Every stratum, sorted by name."""
    eligible: int
    wanted: int
    note: str
    """A sentence if fewer are eligible than wanted; empty otherwise."""
    minimum_documents: int
    maximum_density: float
    seed: int
    version: str = VERSION


def draw_sample(
    density: Sequence[float],
    documents: Sequence[int],
    strata: Sequence[str] | None = None,
    *,
    wanted: int,
    seed: int,
    minimum_documents: int = 20,
    maximum_density: float = 0.05,
    without: Collection[int] = (),
) -> Sample:
    """Draw `wanted` latents, or all eligible ones if there are fewer.

    density: share of tokens on which each latent fires, 0 to 1; documents: in how many distinct documents it fires;
    strata: a name per latent (layer, specialty profile), crossed with thirds of density among the eligible;
    without: positions that stand in their stratum as ever and are not drawn, such as those of an earlier sample.
    Raises ScienceError if the lengths differ, `wanted` is not positive or the seed is negative.
    """
    names = list(strata) if strata is not None else [""] * len(density)
    if not len(density) == len(documents) == len(names):
        raise ScienceError("Density, documents and strata must have one entry for each latent.")
    if wanted < 1 or seed < 0:
        raise ScienceError("Ask for at least one latent, and give a seed of 0 or more.")
    share, fires_in = np.asarray(density, dtype=np.float64), np.asarray(documents, dtype=np.int64)
    eligible = np.flatnonzero((share > 0) & (share <= maximum_density) & (fires_in >= minimum_documents))
    taken = set(without)
    strata_of = _strata(eligible.tolist(), share, names)
    members = {name: [i for i in inside if i not in taken] for name, inside in strata_of.items()}
    left = sum(map(len, members.values()))
    quota = _proportional({name: len(inside) for name, inside in members.items()}, min(wanted, left))
    drawn = sorted((i, name) for name, inside in members.items() for i in _draw(inside, quota[name], name, seed))
    return Sample(
        indices=tuple(i for i, _ in drawn),
        strata=tuple(name for _, name in drawn),
        frame=tuple(Stratum(name, len(inside), quota[name]) for name, inside in members.items()),
        eligible=left,
        wanted=wanted,
        note=_note(left, wanted, minimum_documents, maximum_density),
        minimum_documents=minimum_documents,
        maximum_density=maximum_density,
        seed=seed,
    )


def _strata(eligible: list[int], share: np.ndarray, names: list[str]) -> dict[str, list[int]]:
    """Eligible latents by stratum, names sorted. Bands are thirds by rank, ties by position."""
    members: dict[str, list[int]] = defaultdict(list)
    for rank, i in enumerate(sorted(eligible, key=lambda i: (share[i], i))):
        band = DENSITY_BANDS[rank * len(DENSITY_BANDS) // len(eligible)]
        members[f"{names[i]}, {band}" if names[i] else band].append(i)
    return {name: sorted(members[name]) for name in sorted(members)}


def _proportional(sizes: dict[str, int], wanted: int) -> dict[str, int]:
    """Largest remainder; equal remainders go to the larger stratum, then by name."""
    total = max(1, sum(sizes.values()))
    quota = {name: size * wanted // total for name, size in sizes.items()}
    remainders = sorted(sizes, key=lambda name: (-(sizes[name] * wanted % total), -sizes[name], name))
    for name in remainders[: wanted - sum(quota.values())]:
        quota[name] += 1
    return quota


def _draw(inside: list[int], number: int, name: str, seed: int) -> list[int]:
    own = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    rng = np.random.default_rng([seed, own])
    chosen: list[int] = rng.choice(np.array(inside, dtype=np.int64), size=number, replace=False).tolist()
    return chosen


def _note(eligible: int, wanted: int, minimum_documents: int, maximum_density: float) -> str:
    if eligible >= wanted:
        return ""
    rule = f"fire in at least {minimum_documents} documents and on at most {maximum_density:.2%} of tokens"
    if eligible == 0:
        return (
            f"No latent is eligible: none {rule.replace('fire', 'fires', 1)}. Mine a larger corpus or relax the rule."
        )
    return f"{wanted} latents were asked for and only {eligible} {rule}; all of them were taken."
