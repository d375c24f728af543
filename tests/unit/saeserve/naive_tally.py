"""What a tally of some documents should hold, worked out from their firings with plain loops."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from saeserve.mining.count import ShardSnippets
from saeserve.mining.firings import Firings
from saeserve.mining.hashing import mixed

Place = tuple[int, int]
"""Document and first character of a snippet."""


@dataclass(frozen=True)
class Found:
    """Of one latent in one snippet."""

    place: Place
    group: int
    peak: float
    hash: int
    reserved: bool


def found(firings: Firings, snippets: ShardSnippets) -> dict[int, list[Found]]:
    """[latent] every snippet in which it fires."""
    peaks: dict[tuple[int, int], float] = defaultdict(float)
    for latent, token, value in zip(
        firings.latents.tolist(), firings.tokens.tolist(), firings.values.tolist(), strict=True
    ):
        key = (latent, int(firings.token_snippets[token]))
        peaks[key] = max(peaks[key], value)
    result: dict[int, list[Found]] = defaultdict(list)
    for (latent, snippet), peak in peaks.items():
        place = int(snippets.documents[snippet]), int(firings.snippet_starts[snippet])
        hashed = int(mixed(snippets.hashes[snippet : snippet + 1], latent)[0])
        result[latent].append(
            Found(place, int(snippets.groups[snippet]), peak, hashed, bool(snippets.reserved[snippet]))
        )
    return result


def strongest(of_latent: list[Found], limit: int) -> list[Place]:
    """One a document (its earliest strongest), then one a text group, then the strongest."""
    best: dict[int, Found] = {}
    for one in sorted(of_latent, key=lambda f: (-f.peak, f.place)):
        best.setdefault(one.place[0], one)
    return _one_a_group(sorted(best.values(), key=lambda f: (-np.float32(f.peak), f.hash)), limit)


def drawn(of_latent: list[Found], limit: int) -> list[Place]:
    """One a document (its lowest hash), then one a text group, then the lowest hashes."""
    lowest: dict[int, Found] = {}
    for one in sorted(of_latent, key=lambda f: (f.hash >> 32, f.place)):
        lowest.setdefault(one.place[0], one)
    return _one_a_group(sorted(lowest.values(), key=lambda f: f.hash), limit)


def _one_a_group(ordered: list[Found], limit: int) -> list[Place]:
    kept: dict[int, Found] = {}
    for one in ordered:
        kept.setdefault(one.group, one)
    return [one.place for one in kept.values()][:limit]
