"""How a text was changed, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

WORD = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True, kw_only=True)
class Piece:
    text: str
    state: Literal["same", "gone", "new"]


@dataclass(frozen=True, kw_only=True)
class Wording:
    """One text that was changed."""

    what: str
    """`Question`, `Help`, `Anchor of point 3`, ..."""
    pieces: tuple[Piece, ...]
    """Put together: without the new ones the text before, without the gone ones the text after."""


def wording(what: str, before: str, after: str) -> Wording | None:
    """None if nothing was changed."""
    if before == after:
        return None
    old, new = WORD.findall(before), WORD.findall(after)
    pieces: list[Piece] = []
    for change, i, j, k, n in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if change == "equal":
            pieces.append(Piece(text="".join(old[i:j]), state="same"))
            continue
        if i < j:
            pieces.append(Piece(text="".join(old[i:j]), state="gone"))
        if k < n:
            pieces.append(Piece(text="".join(new[k:n]), state="new"))
    return Wording(what=what, pieces=tuple(pieces))
