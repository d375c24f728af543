"""Terms that may be one concept differently written, found among thousands without comparing each with each. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from annotation.codes.closeness import MOST_EDITS, allowed_edits, canonical, word_list_edits

Words = tuple[str, ...]
MOST_IN_A_BLOCK = 400
"""Terms compared with each other; of a larger block its first, so that a page stays fast."""


def near_pairs(terms: Sequence[str], known: Callable[[str], bool]) -> list[tuple[int, int, int]]:
    """(edits, place of one, place of the other): each pair that spelling alone tells apart, the nearest first.

    known: whether a word is a real one, as `codes.closeness.edits` takes it. Only terms with as many words that begin
    alike, or with the same letters run together, are compared: a misspelt word keeps its first letter.
    """
    found: dict[tuple[int, int], int] = {}
    words = [canonical(term) for term in terms]
    for block in _blocks(words):
        for one, other in combinations(block[:MOST_IN_A_BLOCK], 2):
            here, there = words[one], words[other]
            if (one, other) in found or not _worth_comparing(here, there):
                continue
            costs = (word_list_edits(here, there, known), word_list_edits(there, here, known))
            if (cost := min((cost for cost in costs if cost is not None), default=None)) is not None:
                found[one, other] = cost
    return sorted((cost, one, other) for (one, other), cost in found.items())


def same_code_pairs(coded: Iterable[tuple[int, str]]) -> list[tuple[int, int, str]]:
    """(place of one, place of the other, code) of terms that are names of one code; coded: (place, code)."""
    holders: dict[str, set[int]] = defaultdict(set)
    for place, code in coded:
        holders[code].add(place)
    return [(one, other, code) for code, places in holders.items() for one, other in combinations(sorted(places), 2)]


def _blocks(terms: Sequence[Words]) -> Iterator[list[int]]:
    initials: dict[Words, list[int]] = defaultdict(list)
    joined: dict[str, list[int]] = defaultdict(list)
    for place, words in enumerate(terms):
        if words:
            initials[tuple(sorted(word[0] for word in words))].append(place)
            joined["".join(words)].append(place)
    yield from initials.values()
    yield from joined.values()


def _worth_comparing(here: Words, there: Words) -> bool:
    """Quickly: as long as each other but for what may be misspelt, and not a number apart."""
    if abs(sum(map(len, here)) - sum(map(len, there))) > MOST_EDITS:
        return False
    left, right = set(here) - set(there), set(there) - set(here)
    return "".join(here) == "".join(there) or not any(allowed_edits(word) == 0 for word in left | right)
