"""Dashboards as a mining run: the windows are the corpus, and of each latent no more is claimed than they show.

A dashboard knows where its own latent is silent only inside its own windows: look-alikes come from those.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.interop.choosing import Frame, Looks, Wish, choose, edges_of, reserve
from annotation.interop.dashboards.gathered import Examples, Feature, Gathered
from annotation.interop.passages import Passages, lay_out
from annotation.interop.profile import (
    PEAK_TOKENS,
    Row,
    binned,
    flags,
    histogram_edges,
    identity,
    snippet_row,
    spread_bars,
    tenths,
)
from annotation.interop.reading import Explanation, Facts

ROUNDED = 5e-6
"""A share that SAEDashboard writes as 0 is below this: it keeps three decimals of a per cent."""
WORDS = 5
"""Words on which a latent fires most, by which look-alikes are told from other silent passages."""
NOTES = (
    "Dashboards show some windows of text a latent, not the corpus: documents are counted as at least so many.",
    "Where it stays silent is known only inside a latent's own windows: its look-alikes come from those.",
    "Deciles are over all tokens on which it fires, by the dashboard's histogram, where a mined run takes passages.",
    "No company of latents: dashboards do not say which fire together.",
)


@dataclass(frozen=True)
class Names:
    tool: str
    model: str
    sae: str
    hook_point: str
    tokens: int
    window: int
    """Tokens of a prompt; 0 where the files do not say."""


class DashboardReading:
    """The files of one SAE, read and checked."""

    def __init__(self, names: Names, gathered: Gathered, files: dict[str, str]) -> None:
        self._names, self._features = names, gathered.features
        self._examples = gathered.examples()
        self.files = files
        self.explanations: list[Explanation] = gathered.explanations
        keys = [f"window-{hashlib.sha256(text.encode()).hexdigest()[:20]}" for text in gathered.texts]
        self.documents = list(zip(keys, gathered.texts, strict=True))
        self._passages = lay_out(keys, gathered.texts)
        self._lengths = np.array([len(text) for text in gathered.texts], np.int64)
        self._edges = self._histogram_edges()
        self.facts = self._facts(gathered)

    def mined(self, wish: Wish) -> Iterator[tuple[Row, list[Row]]]:
        reserved = reserve(self._passages.keys, wish)
        frame = Frame(self._passages.documents, self._passages.groups, reserved)
        for index in sorted(self._features):
            yield self._latent(self._features[index], frame, wish)

    def _latent(self, feature: Feature, frame: Frame, wish: Wish) -> tuple[Row, list[Row]]:
        seen = _Seen(self._examples, feature.index, self._passages)
        edges = _token_deciles(feature) if feature.bar_values else edges_of(seen.peaks)
        choices = choose(feature.index, seen.looks(), edges, frame, wish)
        rows = [snippet_row(feature.index, one, self._passages, seen.tokens(one.passage)) for one in choices]
        return self._row(feature, seen, edges), rows

    def _row(self, feature: Feature, seen: "_Seen", edges: NDArray[np.float64]) -> Row:
        firings, density = self._counted(feature, seen)
        return {
            "index": feature.index,
            "identity": identity(self._names.model, self._names.sae, feature.index),
            "firings": firings,
            "documents": max(seen.documents, ceil(firings / self._names.window) if self._names.window else 0),
            "density": density,
            "max_activation": float(max([0.0, *seen.peaks.tolist()])),
            "histogram": spread_bars(feature.bar_values, feature.bar_heights, self._edges)
            if feature.bar_values
            else binned(seen.values, self._edges),
            "decile_edges": [float(edge) for edge in edges],
            "flags": flags(firings, density, []),
            "promoted": [{"token": token, "logit": logit} for token, logit in feature.raised],
            "suppressed": [{"token": token, "logit": logit} for token, logit in feature.lowered],
            "neighbours": [{"latent": other, "cosine": cosine} for other, cosine in feature.alike],
            "coactivation": [],
            "peak_tokens": seen.peak_tokens,
            "specialties": [],
            "sections": [],
            "positions": tenths(seen.places.astype(np.int64), self._lengths[seen.owners]),
        }

    def _counted(self, feature: Feature, seen: "_Seen") -> tuple[int, float]:
        """Firings, and the share of tokens. The histogram counts every firing; the share is rounded for the page."""
        counted = round(sum(feature.bar_heights)) or round(feature.share * self._names.tokens)
        firings = max(counted, len(seen.values))
        if self._names.tokens:
            return firings, min(1.0, firings / self._names.tokens)
        return firings, feature.share or (ROUNDED if firings else 0.0)

    def _histogram_edges(self) -> NDArray[np.float64]:
        bars = [value for feature in self._features.values() for value in feature.bar_values if value > 0]
        values = np.concatenate([np.array(bars), self._examples.values.astype(np.float64)])
        return histogram_edges(float(values.min()), float(values.max())) if len(values) else histogram_edges(0.0, 0.0)

    def _facts(self, gathered: Gathered) -> Facts:
        counted = [
            (gathered.negative, "activation{} below 0 not counted as firing"),
            (gathered.empty, "window{} without text left out"),
        ]
        left_out = [f"{number:,} {what.format('' if number == 1 else 's')}." for number, what in counted if number]
        return Facts(
            tool=self._names.tool,
            model=self._names.model,
            sae=self._names.sae,
            hook_point=self._names.hook_point,
            width=max(self._features, default=-1) + 1,
            tokens=self._names.tokens,
            window_tokens=sum(gathered.token_counts),
            unit="decoder-norm",
            edges=self._edges.tolist(),
            positions=[sum(gathered.token_counts) // 10] * 10,
            notes=(*NOTES, *left_out),
        )


def _token_deciles(feature: Feature) -> NDArray[np.float64]:
    """[9] activations below which a tenth, two tenths, … of the firing tokens lie, by the bars of the histogram."""
    heights = np.array(feature.bar_heights)
    below = (np.cumsum(heights) - heights / 2) / heights.sum()
    found: NDArray[np.float64] = np.interp(np.arange(1, 10) / 10, below, np.array(feature.bar_values))
    return found


class _Seen:
    """One latent's firings in its windows, each window once."""

    def __init__(self, examples: Examples, latent: int, passages: Passages) -> None:
        self._passages = passages
        part = examples.of(latent)
        windows, firsts = np.unique(examples.windows[part], return_index=True)
        rows = [
            np.arange(examples.firsts[part][first], examples.lasts[part][first], dtype=np.int64) for first in firsts
        ]
        flat = np.concatenate([np.empty(0, np.int64), *rows])
        self.windows = windows
        self.owners = np.repeat(windows, [len(row) for row in rows])
        """[firing token] its document."""
        self.places, self.ends, self.values = examples.starts[flat], examples.ends[flat], examples.values[flat]
        self._at = np.concatenate(
            [
                np.empty(0, np.int64),
                *(passages.at(int(one), examples.starts[row]) for one, row in zip(windows, rows, strict=True)),
            ]
        )
        """[firing token] its passage."""
        self.fires, back = np.unique(self._at, return_inverse=True)
        self.peaks = np.zeros(len(self.fires), np.float32)
        np.maximum.at(self.peaks, back, self.values)

    @property
    def documents(self) -> int:
        return len(np.unique(self.owners))

    def looks(self) -> Looks:
        """Silent passages of windows without a firing come first: nothing near them gives a hint."""
        quiet = set(self.windows.tolist()) - set(self.owners.tolist())
        fires = set(self.fires.tolist())
        order = [*sorted(quiet), *sorted(set(self.windows.tolist()) - quiet)]
        firsts = self._passages.firsts
        silent = [one for window in order for one in range(firsts[window], firsts[window + 1]) if one not in fires]
        words = [row["token"].strip().lower() for row in self.peak_tokens[:WORDS]]
        alike = [one for one in silent if any(word and word in self._passages.text(one).lower() for word in words)]
        known = set(alike)
        return Looks(self.fires, self.peaks, alike, [one for one in silent if one not in known])

    def tokens(self, passage: int) -> list[dict[str, Any]]:
        begin, end = int(self._passages.starts[passage]), int(self._passages.ends[passage])
        rows = np.flatnonzero(self._at == passage)
        return [
            {
                "start": int(self.places[row]) - begin,
                "end": min(int(self.ends[row]), end) - begin,
                "activation": float(self.values[row]),
            }
            for row in rows.tolist()
        ]

    @cached_property
    def peak_tokens(self) -> list[dict[str, Any]]:
        """Tokens on which it fires in its windows, most firings first."""
        texts = self._passages.texts
        spelt = [
            texts[owner][start:end]
            for owner, start, end in zip(self.owners.tolist(), self.places.tolist(), self.ends.tolist(), strict=True)
        ]
        sums: dict[str, float] = {}
        for token, value in zip(spelt, self.values.tolist(), strict=True):
            sums[token] = sums.get(token, 0.0) + value
        return [
            {"token": token, "firings": count, "share": count / len(spelt), "mean": sums[token] / count}
            for token, count in Counter(spelt).most_common(PEAK_TOKENS)
        ]
