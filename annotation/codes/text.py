"""Text as it is compared: small letters without accents and apostrophes, in words of letters and digits."""

import re
import unicodedata
from collections.abc import Sequence

APOSTROPHES = re.compile(r"['’‘ʼ`´]")
BETWEEN_WORDS = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """ "Crohn’s disease, ileítis" becomes "crohns disease ileitis"."""
    small = APOSTROPHES.sub("", text).casefold()
    if not small.isascii():
        apart = unicodedata.normalize("NFKD", small)
        small = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return BETWEEN_WORDS.sub(" ", small).strip()


def words(text: str) -> tuple[str, ...]:
    """The folded words in order."""
    return tuple(fold(text).split())


def matches(typed: Sequence[str], among: Sequence[str]) -> bool:
    """Whether every typed word begins some word, in any order."""
    return all(any(word.startswith(part) for word in among) for part in typed)
