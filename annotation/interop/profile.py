"""The figures of a latent in the columns of a mined run, and the row of a snippet."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.interop.choosing import Choice
from annotation.interop.passages import Passages

BINS = 24
"""Of the histogram, log-spaced."""
TENTHS = 10
DENSE_FROM, SINGLE_TOKEN_FROM = 0.1, 0.9
PEAK_TOKENS = 12
Row = dict[str, Any]


def histogram_edges(lowest: float, highest: float) -> NDArray[np.float64]:
    """[BINS + 1] rising; `highest` lies inside the last bin. Any positive edges where nothing ever fires."""
    if not 0 < lowest <= highest:
        lowest, highest = 0.1, 1.0
    found: NDArray[np.float64] = np.geomspace(min(lowest, highest / 2) * 0.999, highest * 1.001, BINS + 1)
    return found


def binned(values: NDArray[np.floating], edges: NDArray[np.float64]) -> list[int]:
    """Firings in each bin; what lies outside counts in the first or the last."""
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, BINS - 1)
    return np.bincount(places, minlength=BINS).tolist()


def spread_bars(middles: Sequence[float], heights: Sequence[float], edges: NDArray[np.float64]) -> list[int]:
    """Another histogram's equal bars poured into these bins, each bar spread evenly over its width. Keeps the sum."""
    centres = np.array(middles)
    half = np.diff(centres).min() / 2 if len(centres) > 1 else 0.0
    borders = np.ravel(np.column_stack([np.maximum(0.0, centres - half), centres + half]))
    below = np.ravel(np.column_stack([np.cumsum(heights) - np.array(heights), np.cumsum(heights)]))
    reached = np.interp(edges, borders, below)
    reached[0], reached[-1] = 0.0, below[-1]
    return np.diff(np.round(reached)).astype(int).tolist()


def identity(model: str, sae: str, index: int) -> str:
    """What a label of this latent attaches to. Without the weights a latent is known by its names alone."""
    return hashlib.sha256(json.dumps(["named", model, sae, index], ensure_ascii=False).encode()).hexdigest()


def flags(firings: int, density: float, peak_tokens: Iterable[Mapping[str, Any]]) -> list[str]:
    single = any(row["share"] >= SINGLE_TOKEN_FROM for row in peak_tokens)
    marks = (("dead", firings == 0), ("dense", density > DENSE_FROM), ("single-token", single))
    return [name for name, holds in marks if holds]


def tenths(places: NDArray[np.integer], lengths: NDArray[np.integer]) -> list[int]:
    """[10] how many lie in each tenth of their document. places: first characters; lengths: of their documents."""
    found = np.minimum(TENTHS - 1, places * TENTHS // np.maximum(1, lengths))
    return np.bincount(found, minlength=TENTHS).tolist()


def snippet_row(latent: int, choice: Choice, passages: Passages, tokens: list[dict[str, Any]]) -> Row:
    """tokens: {start, end, activation} of the firing tokens, characters from the start of the passage."""
    context = passages.context(choice.passage)
    return {
        "latent": latent,
        "kind": choice.kind,
        "rank": choice.rank,
        "decile": choice.decile,
        "document": passages.keys[passages.documents[choice.passage]],
        "start": int(passages.starts[choice.passage]),
        "end": int(passages.ends[choice.passage]),
        "peak": choice.peak,
        "tokens": tokens,
        "section": "",
        "context_start": context[0],
        "context_end": context[1],
        "mention": False,
    }
