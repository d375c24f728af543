"""A document's text cut into snippets of whole sentences or lines, about 25 to 60 words each.

The cut does not depend on any latent: every character belongs to exactly one snippet. So a latent's strongest snippets,
its samples and the snippets where it is silent are all drawn from the same set.
"""

import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise

FEWEST_WORDS, ENOUGH_WORDS, MOST_WORDS = 25, 40, 60
ABBREVIATION = re.compile(
    r"\(?(dr|mrs?|ms|prof|st|no|vs|approx|pt|fig|dept|hosp|resp|temp|e\.g|i\.e|[btq]\.i\.d|p\.o|i\.v|[ap]\.m|m\.d|\d)",
    re.I,
)
"""What may stand before a full stop that ends no sentence; the digit is that of a numbered list."""
BORDER = re.compile(r"\n+\s*|(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
PAUSE = re.compile(r"(?<=[;,:])\s+")
LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Span:
    """Characters [start, end) of a document."""

    start: int
    end: int


@dataclass(frozen=True)
class _Sentence:
    start: int
    end: int
    words: int
    ends_paragraph: bool


def cut_snippets(text: str) -> list[Span]:
    """Snippets in order; the first starts at 0, each ends where the next starts, the last ends with the text."""
    packed = _pack(_sentences(text))
    borders = [0, *(group[0].start for group in packed[1:]), len(text)]
    return [Span(start, end) for start, end in pairwise(borders)]


def text_group(text: str) -> int:
    """64-bit number, equal for texts that differ only in numbers, punctuation, case or spacing."""
    same = " ".join(LETTERS.findall(text.lower()))
    return int.from_bytes(hashlib.blake2b((same or text).encode(), digest_size=8).digest(), "little")


def _sentences(text: str) -> list[_Sentence]:
    found, start = [], 0
    for border in BORDER.finditer(text):
        if _after_abbreviation(text, border):
            continue
        found += _split_long(text, start, border.end(), ends_paragraph="\n\n" in border.group())
        start = border.end()
    return found + _split_long(text, start, len(text), ends_paragraph=True) if start < len(text) or not found else found


def _after_abbreviation(text: str, border: re.Match[str]) -> bool:
    if "\n" in border.group() or text[border.start() - 1] != ".":
        return False
    before = text[max(0, border.start() - 12) : border.start() - 1].split()
    return bool(before) and ABBREVIATION.fullmatch(before[-1]) is not None


def _split_long(text: str, start: int, end: int, *, ends_paragraph: bool) -> list[_Sentence]:
    """One sentence, or pieces of it of at most MOST_WORDS, cut at pauses, or at spaces where there are none."""
    words = len(text[start:end].split())
    if words <= MOST_WORDS:
        return [_Sentence(start, end, words, ends_paragraph)]
    middle = _middle_border(text, start, end)
    if middle is None:
        return [_Sentence(start, end, words, ends_paragraph)]
    first = _split_long(text, start, middle, ends_paragraph=False)
    return first + _split_long(text, middle, end, ends_paragraph=ends_paragraph)


def _middle_border(text: str, start: int, end: int) -> int | None:
    """The pause nearest to the middle if it lies in the middle half, else the nearest space."""
    middle, quarter = (start + end) // 2, (end - start) // 4
    for pattern, reach in ((PAUSE, quarter), (re.compile(r"\s+"), end - start)):
        ends = [match.end() for match in pattern.finditer(text, start, end) if start < match.end() < end]
        near = [border for border in ends if abs(border - middle) <= reach]
        if near:
            return min(near, key=lambda border: abs(border - middle))
    return None


def _pack(sentences: list[_Sentence]) -> list[list[_Sentence]]:
    groups: list[list[_Sentence]] = [[]]
    words = 0
    for sentence in sentences:
        if groups[-1] and (words + sentence.words > MOST_WORDS or _closed(groups[-1][-1], words)):
            groups.append([])
            words = 0
        groups[-1].append(sentence)
        words += sentence.words
    return _join_short_end(groups)


def _closed(last: _Sentence, words: int) -> bool:
    return words >= ENOUGH_WORDS or (words >= FEWEST_WORDS and last.ends_paragraph)


def _join_short_end(groups: list[list[_Sentence]]) -> list[list[_Sentence]]:
    """A last snippet too short to judge goes to the one before, where both fit."""
    if len(groups) > 1:
        last, before = (sum(sentence.words for sentence in group) for group in (groups[-1], groups[-2]))
        if last < FEWEST_WORDS and last + before <= MOST_WORDS:
            return [*groups[:-2], groups[-2] + groups[-1]]
    return groups
