"""The report's plots as SVG text, coloured by the page's style sheet; what they show is there in words too."""

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 44


def bars(edges: Sequence[float], counts: Sequence[int], *, across: str, up: str, title: str) -> str:
    """A histogram. edges: powers of ten, one more than counts; whole ones are labelled."""
    most = round_ticks(max(1, *counts))[-1]
    step = (WIDTH - LEFT - RIGHT) / len(counts)
    parts = [
        f'<rect class="bar" x="{LEFT + place * step + 1:.1f}" y="{_up(count, most):.1f}" width="{step - 2:.1f}" '
        f'height="{_up(0, most) - _up(count, most):.1f}"><title>{count:,} between 10^{low:g} and 10^{high:g}</title>'
        "</rect>"
        for place, (count, low, high) in enumerate(zip(counts, edges[:-1], edges[1:], strict=True))
        if count
    ]
    parts += [
        _text(LEFT + place * step, HEIGHT - BOTTOM + 16, "1" if edge == 0 else f"10{_raised(round(edge))}")
        for place, edge in enumerate(edges)
        if edge == round(edge)
    ]
    return _framed(parts, most, across, up, title)


def points(dots: Sequence[tuple[float, float, str, bool]], *, across: str, up: str, title: str) -> str:
    """A scatter plot of (across, up, name, marked); both axes begin at 0."""
    ticks = round_ticks(max(dot[0] for dot in dots))
    most_across, most_up = ticks[-1], round_ticks(max(dot[1] for dot in dots))[-1]
    room = WIDTH - LEFT - RIGHT
    parts = []
    for x, y, name, marked in dots:
        at = LEFT + x / most_across * room, _up(max(y, 0.0), most_up)
        kind = "dot kept" if marked else "dot"
        parts.append(
            f'<circle class="{kind}" cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="6"><title>{escape(name)}: {across} {x:.4g}, '
            f"{up} {y:.4g}</title></circle>"
        )
    parts += [_text(LEFT + tick / most_across * room, HEIGHT - BOTTOM + 16, f"{tick:.3g}") for tick in ticks]
    return _framed(parts, most_up, across, up, title)


def round_ticks(most: float) -> list[float]:
    """From 0 up to the first one not below `most`, three to seven of them: steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(most, 1e-9)))
    step = next(size * power for size in (0.2, 0.5, 1.0, 2.0) if size * power * 6 >= most * (1 - 1e-9))
    return [round(number * step, 12) for number in range(math.ceil(most / step * (1 - 1e-9)) + 1)]


def _framed(parts: list[str], most: float, across: str, up: str, title: str) -> str:
    floor = HEIGHT - BOTTOM
    ticks = round_ticks(most)[1:]
    lines = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_up(t, most):.1f}" y2="{_up(t, most):.1f}"/>'
        for t in ticks
    ]
    labels = [_text(LEFT - 6, _up(tick, most) + 4, f"{tick:.3g}", anchor="end") for tick in ticks]
    return "".join(
        [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">',
            *lines,
            *labels,
            *parts,
            f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}"/>',
            _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, escape(across)),
            f'<text x="14" y="{TOP + 90}" transform="rotate(-90 14 {TOP + 90})" text-anchor="middle">',
            escape(up),
            "</text>",
            "</svg>",
        ]
    )


def _up(value: float, most: float) -> float:
    """Height of a value on the page, from the top."""
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most)


def _text(x: float, y: float, text: str, *, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _raised(power: int) -> str:
    return f'<tspan dy="-5" font-size="9">{power}</tspan>'
