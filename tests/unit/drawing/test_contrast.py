"""Every pair of text and ground in tokens.css is readable in both themes (WCAG 2.2: 4.5 for text, 3 for shapes)."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[3] / "static" / "css" / "tokens.css"
PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
COLOURS = {name: (light, dark) for name, light, dark in PAIR.findall(TOKENS.read_text())}

GROUNDS = ("canvas", "surface", "sunken", "raised")
TEXT = [
    *[(ink, ground) for ink in ("ink", "ink-soft", "ink-faint", "accent") for ground in GROUNDS],
    ("accent-deep", "accent-tint"),
    ("ink", "accent-tint"),
    ("ink-soft", "accent-tint"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    *[(tone, ground) for tone in ("good", "warn", "bad") for ground in ("canvas", "surface", f"{tone}-tint")],
    *[("ink", f"{tone}-tint") for tone in ("good", "warn", "bad")],
    *[("heat-ink", f"heat-{level}") for level in range(1, 6)],
    *[("ink", f"tint-{shade}") for shade in (2, 4, 6)],
    *[("surface", f"tint-{shade}") for shade in (1, 3, 5)],
]
SHAPES = [
    *[("line-strong", ground) for ground in GROUNDS],
    *[("heat-line", f"heat-{level}") for level in range(1, 6)],
    ("accent", "sunken"),
    ("bar-quiet", "surface"),
]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb as WCAG defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_twenty_one_to_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(ink: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[ink][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_can_be_seen(shape: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[shape][theme], COLOURS[ground][theme]) >= 3
