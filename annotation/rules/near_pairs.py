"""Terms that may be one concept differently written, found among thousands without comparing each with each. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from annotation.codes.closeness import MOST_EDITS, canonical, edits

MOST_IN_A_BLOCK = 400
"""Terms compared with each other; of a larger block its first, so that a page stays fast."""


def near_pairs(terms: Sequence[str], known: Callable[[str], bool]) -> list[tuple[int, int, int]]:
    """(edits, place of one, place of the other): each pair that spelling alone tells apart, the nearest first.

    known: whether a word is a real one, as `codes.closeness.edits` takes it. Only terms with as many words that begin
    alike, or with the same letters run together, are compared: a misspelt word keeps its first letter.
    """
    found: dict[tuple[int, int], int] = {}
    for block in _blocks(terms):
        for one, other in combinations(block[:MOST_IN_A_BLOCK], 2):
            if (one, other) in found or not _as_long(terms[one], terms[other]):
                continue
            cost = _either_way(terms[one], terms[other], known)
            if cost is not None:
                found[one, other] = cost
    return sorted((cost, one, other) for (one, other), cost in found.items())


def same_code_pairs(coded: Iterable[tuple[int, str]]) -> list[tuple[int, int, str]]:
    """(place of one, place of the other, code) of terms that are names of one code; coded: (place, code)."""
    holders: dict[str, set[int]] = defaultdict(set)
    for place, code in coded:
        holders[code].add(place)
    return [(one, other, code) for code, places in holders.items() for one, other in combinations(sorted(places), 2)]


def _blocks(terms: Sequence[str]) -> Iterator[list[int]]:
    initials: dict[tuple[str, ...], list[int]] = defaultdict(list)
    joined: dict[str, list[int]] = defaultdict(list)
    for place, term in enumerate(terms):
        words = canonical(term)
        if not words:
            continue
        initials[tuple(sorted(word[0] for word in words))].append(place)
        joined["".join(words)].append(place)
    yield from initials.values()
    yield from joined.values()


def _as_long(one: str, other: str) -> bool:
    return abs(sum(map(len, canonical(one))) - sum(map(len, canonical(other)))) <= MOST_EDITS


def _either_way(one: str, other: str, known: Callable[[str], bool]) -> int | None:
    costs = [cost for pair in ((one, other), (other, one)) if (cost := edits(*pair, known)) is not None]
    return min(costs, default=None)
