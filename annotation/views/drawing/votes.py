"""Raw votes as one stacked bar: a segment a class, numbered, because colour alone says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from annotation.views.drawing.figures import percent

TINTS = 6
"""Shades that the stylesheet offers; further classes begin again, their numbers tell them apart."""


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One class of the bar; x and width in per cent."""

    number: int
    label: str
    count: int
    share: str
    x: float
    width: float
    middle: float
    tint: int
    """1 to TINTS."""
    wide: bool
    """Wide enough to print its number inside."""


@dataclass(frozen=True, kw_only=True)
class Votes:
    """What `components/votes.html` draws."""

    votes: tuple[Vote, ...]
    total: int
    sentence: str
    """`Myocardial infarction 3, unstable angina 2`, for the bar's text alternative."""


class BadVotes(ValueError):
    """Votes are counted in whole people."""


def votes(counts: Mapping[str, int]) -> Votes:
    """Stack the votes of each class in the order given; a class without votes stays in the list without a segment."""
    if any(amount < 0 for amount in counts.values()):
        raise BadVotes("A class cannot have fewer than 0 votes.")
    total, at, parts = sum(counts.values()), 0.0, []
    for place, (label, amount) in enumerate(counts.items()):
        width = 100 * amount / total if total else 0.0
        parts.append(
            Vote(
                number=place + 1,
                label=label,
                count=amount,
                share=percent(amount / total) if total else "0 %",
                x=round(at, 3),
                width=round(width, 3),
                middle=round(at + width / 2, 3),
                tint=place % TINTS + 1,
                wide=width >= 4,
            )
        )
        at += width
    sentence = ", ".join(f"{part.label} {part.count}" for part in parts if part.count)
    return Votes(votes=tuple(parts), total=total, sentence=sentence)
