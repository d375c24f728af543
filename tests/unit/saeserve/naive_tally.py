"""What a tally of some documents should hold, worked out from their firings with plain loops."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from saeserve.mining.firings import Firings
from saeserve.mining.hashing import mixed
from saeserve.mining.shard_snippets import ShardSnippets


@dataclass(frozen=True)
class Found:
    """Of one latent in one snippet."""

    number: int
    """Of the snippet in the corpus: later in a document means higher."""
    document: int
    owner: int
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
        result[latent].append(
            Found(
                number=int(snippets.numbers[snippet]),
                document=int(snippets.documents[snippet]),
                owner=int(snippets.owners[snippet]),
                group=int(snippets.groups[snippet]),
                peak=peak,
                hash=int(mixed(snippets.hashes[snippet : snippet + 1], latent)[0]),
                reserved=bool(snippets.reserved[snippet]),
            )
        )
    return result


def strongest(of_latent: list[Found], limit: int) -> list[int]:
    """The strongest of each document, and of these the first of each owner and the first of each text group."""
    best: dict[int, Found] = {}
    for one in sorted(of_latent, key=lambda f: (-f.peak, f.number)):
        best.setdefault(one.document, one)
    return _firsts(sorted(best.values(), key=lambda f: (-np.float32(f.peak), f.hash)), limit)


def drawn(of_latent: list[Found], limit: int) -> list[int]:
    """The lowest hash of each document, and of these the first of each owner and the first of each text group."""
    lowest: dict[int, Found] = {}
    for one in sorted(of_latent, key=lambda f: (f.hash >> 32, f.number)):
        lowest.setdefault(one.document, one)
    return _firsts(sorted(lowest.values(), key=lambda f: f.hash), limit)


def _firsts(ordered: list[Found], limit: int) -> list[int]:
    owners: dict[int, int] = {}
    groups: dict[int, int] = {}
    for one in ordered:
        owners.setdefault(one.owner, one.number)
        groups.setdefault(one.group, one.number)
    kept = {*list(owners.values())[:limit], *list(groups.values())[:limit]}
    return [one.number for one in ordered if one.number in kept]


def by_kind(firings: Firings, of_token: np.ndarray) -> Counter[tuple[int, int]]:
    """Firings of each latent by the kind of the token."""
    return Counter(
        (latent, int(of_token[token]))
        for latent, token in zip(firings.latents.tolist(), firings.tokens.tolist(), strict=True)
    )


@dataclass(frozen=True)
class Token:
    """One token with everything that fires on it."""

    place: tuple[int, int, int]
    """Document, first character, and how many tokens before it begin there."""
    hash: int
    id: int
    firing: dict[int, float]


def tokens(firings: Firings, snippets: ShardSnippets) -> list[Token]:
    """Every token by rising hash."""
    firing: dict[int, dict[int, float]] = defaultdict(dict)
    for latent, token, value in zip(
        firings.latents.tolist(), firings.tokens.tolist(), firings.values.tolist(), strict=True
    ):
        firing[token][latent] = value
    seen: Counter[tuple[int, int]] = Counter()
    result = []
    for token in range(firings.token_count):
        place = (int(snippets.documents[firings.token_snippets[token]]), int(firings.token_positions[token]))
        number = seen[place]
        seen[place] += 1
        hashed = int(snippets.token_hashes[token])
        result.append(Token((*place, number), hashed, int(firings.token_ids[token]), firing[token]))
    return sorted(result, key=lambda token: token.hash)
