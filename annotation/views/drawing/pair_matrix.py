"""Who agrees with whom: a square of rater pairs, each cell with its figure and n, and shaded besides."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.views.drawing.figures import count, decimal

CELL, COLUMN = 44, 60
"""Pixels of a cell's height, and of its width where there is room."""
SHADES = 4
"""Above no shade at all, in steps of a quarter from 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two raters, named as on the page; the value, or the reason why there is none."""

    first: str
    second: str
    n: int
    """Latents that both rated."""
    value: float | None = None
    raw: float | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class PairCell:
    """x, width and middle in per cent, y in pixels."""

    x: float
    y: int
    width: float
    middle: float
    value_y: int
    n_y: int
    shade: int
    """0 (no more than chance) to SHADES."""
    below: bool
    """Less than chance."""
    value: str
    """Empty where undefined."""
    n: str
    title: str


@dataclass(frozen=True, kw_only=True)
class PairMatrix:
    """What `components/pair_matrix.html` draws."""

    names: tuple[tuple[str, float, int], ...]
    """A rater on the diagonal: the middle of her column, per cent, and the baseline of her row, pixels."""
    cells: tuple[PairCell, ...]
    pairs: tuple[Pair, ...]
    """For the table, in the order given."""
    width: int
    height: int
    sentence: str
    cell: int = CELL


class BadPairs(ValueError):
    """Pairs that do not make a matrix."""


def pair_matrix(pairs: Sequence[Pair]) -> PairMatrix | None:
    """Each pair once, below the diagonal. None without any pair."""
    if not pairs:
        return None
    for pair in pairs:
        if pair.value is None and not pair.reason:
            raise BadPairs(f"{pair.first} and {pair.second} have no value and no reason: say why it is undefined.")
    names = sorted({name for pair in pairs for name in (pair.first, pair.second)})
    place = {name: at for at, name in enumerate(names)}
    width = 100 / len(names)
    return PairMatrix(
        names=tuple((name, round((at + 0.5) * width, 3), at * CELL + CELL // 2 + 4) for name, at in place.items()),
        cells=tuple(_cell(pair, place, width) for pair in pairs),
        pairs=tuple(pairs),
        width=len(names) * COLUMN,
        height=len(names) * CELL,
        sentence=_sentence(pairs),
    )


def _cell(pair: Pair, place: dict[str, int], width: float) -> PairCell:
    column, row = sorted((place[pair.first], place[pair.second]))
    defined = pair.value is not None
    value = pair.value or 0.0
    figure = f"κ {decimal(value)}" if defined else f"undefined: {pair.reason}"
    return PairCell(
        x=round(column * width, 3),
        y=row * CELL,
        width=round(width, 3),
        middle=round((column + 0.5) * width, 3),
        value_y=row * CELL + 20,
        n_y=row * CELL + 35,
        shade=max(0, min(SHADES, int(value * SHADES) + 1)) if defined and value > 0 else 0,
        below=defined and value < 0,
        value=decimal(value) if defined else "",
        n=count(pair.n),
        title=f"{pair.first} and {pair.second}: {figure}, {count(pair.n)} latents",
    )


def _sentence(pairs: Sequence[Pair]) -> str:
    defined = [pair for pair in pairs if pair.value is not None]
    if not defined:
        return f"{len(pairs)} pairs, all undefined"
    low = min(defined, key=lambda pair: (pair.value or 0.0, pair.first, pair.second))
    high = max(defined, key=lambda pair: (pair.value or 0.0, pair.first, pair.second))
    return (
        f"{len(pairs)} pairs, from {decimal(low.value or 0.0)} ({low.first} and {low.second}) "
        f"to {decimal(high.value or 0.0)} ({high.first} and {high.second})"
    )
