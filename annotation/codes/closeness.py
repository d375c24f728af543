"""Whether two terms are one term differently written: word order, spelling, a slip of the keys. Never a like meaning.

A misspelling keeps its first letter and is no word of its own; "hypotension" is not a misspelt "hypertension".
"""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import permutations

from annotation.codes.spelling import american
from annotation.codes.text import words

FILLERS = frozenset({"of", "the", "a", "an", "in", "on", "at", "to", "with", "and", "or", "for", "by"})
OPPOSITES = (
    ("hyper", "hypo"), ("inter", "intra"), ("macro", "micro"), ("abduc", "adduc"), ("ante", "anti"), ("ecto", "endo"),
    ("kal", "calc"), ("ectomy", "otomy"), ("ectomy", "ostomy"), ("ostomy", "otomy"), ("itis", "osis"),
    ("phagia", "phasia"), ("ileum", "ilium"), ("ileal", "ilial"), ("ileac", "iliac"), ("palpation", "palpitation"),
    ("peroneal", "perineal"), ("perineal", "peritoneal"), ("prostate", "prostrate"), ("male", "female"),
    ("afferent", "efferent"), ("varus", "valgus"), ("mental", "metal"), ("mucus", "mucosa"),
)  # fmt: skip
"""Pieces of words that a slip turns into each other and that mean different things."""
MOST_EDITS = 3
"""In a whole term; for a word see `allowed_edits`."""
MOST_MISSPELT = 3
"""Words of one term, so that trying their orders stays short."""


def canonical(term: str) -> tuple[str, ...]:
    """Its words as they are compared: folded, American, without "of" and "the" unless nothing else is left."""
    return canonical_words(words(term))


def canonical_words(folded: Iterable[str]) -> tuple[str, ...]:
    """The same of words that are folded already."""
    every = tuple(map(american, folded))
    return tuple(word for word in every if word not in FILLERS) or every


def edits(typed: str, meant: str, known: Callable[[str], bool]) -> int | None:
    """Edits between two terms; 0 where only word order, accents or spelling differ; None where they are two terms.

    `known` says whether a word, as `canonical` gives it, is a real one: that is never taken for a misspelt one.
    """
    return word_list_edits(canonical(typed), canonical(meant), known)


def word_list_edits(here: tuple[str, ...], there: tuple[str, ...], known: Callable[[str], bool]) -> int | None:
    """The same of two terms whose canonical words are at hand."""
    if sorted(here) == sorted(there):
        return 0
    if "".join(here) == "".join(there):
        return 1
    left = list((Counter(here) - Counter(there)).elements())
    right = list((Counter(there) - Counter(here)).elements())
    if len(left) != len(right) or len(left) > MOST_MISSPELT or any(known(word) for word in left):
        return None
    sums = (
        _sum(word_edits(one, other) for one, other in zip(left, order, strict=True)) for order in permutations(right)
    )
    best = min((total for total in sums if total is not None), default=None)
    return best if best is not None and best <= MOST_EDITS else None


def _sum(parts: Iterable[int | None]) -> int | None:
    total = 0
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def allowed_edits(word: str) -> int:
    if any(letter.isdigit() for letter in word):
        return 0
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2


def word_edits(typed: str, meant: str) -> int | None:
    """Edits between two words, if so few that one may be the other misspelt."""
    most = min(allowed_edits(typed), allowed_edits(meant))
    if typed[:1] != meant[:1] or abs(len(typed) - len(meant)) > most or _opposite(typed, meant):
        return None
    found = distance(typed, meant)
    return found if found <= most else None


def _opposite(one: str, other: str) -> bool:
    return any(
        (first in one and second in other and second not in one)
        or (second in one and first in other and second not in other)
        for first, second in OPPOSITES
    )


def distance(one: str, other: str) -> int:
    """Optimal string alignment: letters inserted, left out, exchanged, or two neighbours swapped."""
    earlier: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        here = [row]
        for column, against in enumerate(other, start=1):
            cost = min(above[column] + 1, here[column - 1] + 1, above[column - 1] + (letter != against))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, earlier[column - 2] + 1)
            here.append(cost)
        earlier, above = above, here
    return above[-1]
