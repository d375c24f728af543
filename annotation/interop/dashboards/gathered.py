"""What dashboards say, gathered over all files: features, and windows of text with what fires in them.

A window is kept once, however many latents show it; of a latent's activations only those above 0 are kept, as places in
the text. 16,000 latents with 45 windows each take about 300 MB.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from annotation.interop.reading import Explanation
from annotation.interop.record import Record
from annotation.interop.token_text import text_of_strings
from annotation.interop.unreadable import Unreadable

MOST_LATENTS, MOST_EXAMPLES, MOST_TOKENS = 1_100_000, 20_000_000, 4_096
MOST_CHARACTERS = 1_500_000_000


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One latent as its dashboard describes it."""

    index: int
    share: float
    """Of tokens on which it fires, as written; 0 where the dashboard rounds to that."""
    bar_values: tuple[float, ...]
    """Middles of the bars of its histogram, rising, none below 0."""
    bar_heights: tuple[float, ...]
    """Firings in each bar."""
    raised: tuple[tuple[str, float], ...]
    lowered: tuple[tuple[str, float], ...]
    """Output tokens with their logits."""
    alike: tuple[tuple[int, float], ...] = ()
    """Latents with the cosine of their decoder directions."""


@dataclass
class Gathered:
    features: dict[int, Feature] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    token_counts: "array[int]" = field(default_factory=lambda: array("i"))
    """[text]"""
    explanations: list[Explanation] = field(default_factory=list)
    negative: int = 0
    """Activations below 0, which are not firings."""
    empty: int = 0
    """Windows without any text."""
    _numbers: dict[str, int] = field(default_factory=dict)
    _characters: int = 0
    _latents: "array[int]" = field(default_factory=lambda: array("i"))
    _windows: "array[int]" = field(default_factory=lambda: array("i"))
    """[example] number of its text"""
    _counts: "array[int]" = field(default_factory=lambda: array("i"))
    """[example] firing tokens"""
    _starts: "array[int]" = field(default_factory=lambda: array("i"))
    _ends: "array[int]" = field(default_factory=lambda: array("i"))
    _values: "array[float]" = field(default_factory=lambda: array("f"))
    """[firing token]"""

    def add_feature(self, place: str, feature: Feature) -> None:
        if feature.index in self.features:
            raise Unreadable(f"{place}: latent {feature.index} is in the files twice. Keep one of the two.")
        if len(self.features) >= MOST_LATENTS:
            raise Unreadable(f"{place}: there are more than {MOST_LATENTS:,} latents. Import them in parts.")
        self.features[feature.index] = feature

    def add_example(self, latent: int, record: Record) -> None:
        """A window of the latent's: `tokens` and, as many, `values`."""
        tokens, values = record.texts("tokens", limit=MOST_TOKENS), record.numbers("values", limit=MOST_TOKENS)
        if len(tokens) != len(values):
            raise Unreadable(f"{record.place}: {len(tokens)} tokens and {len(values)} values do not belong together.")
        text, ends = text_of_strings(tokens)
        if not text.strip():
            self.empty += 1
            return
        if len(self._latents) >= MOST_EXAMPLES:
            raise Unreadable(f"{record.place}: there are more than {MOST_EXAMPLES:,} examples. Import fewer latents.")
        self._latents.append(latent)
        self._windows.append(self._number(record.place, text, len(tokens)))
        self._counts.append(self._add_firings(values, ends))

    def _number(self, place: str, text: str, tokens: int) -> int:
        known = self._numbers.setdefault(text, len(self.texts))
        if known == len(self.texts):
            self._characters += len(text)
            if self._characters > MOST_CHARACTERS:
                raise Unreadable(f"{place}: there is more text than can be taken in at once. Import fewer latents.")
            self.texts.append(text)
            self.token_counts.append(tokens)
        return known

    def _add_firings(self, values: Sequence[float], ends: Sequence[int]) -> int:
        """Keep the places that fire. A token that is no text of its own fires nowhere."""
        before, start = len(self._values), 0
        for value, end in zip(values, ends, strict=True):
            if value > 0 and end > start:
                self._starts.append(start)
                self._ends.append(end)
                self._values.append(value)
            self.negative += value < 0
            start = end
        return len(self._values) - before

    def examples(self) -> "Examples":
        """Sorted by latent."""
        latents = np.array(self._latents, np.int32)
        order = np.argsort(latents, kind="stable")
        firsts = np.concatenate([[0], np.cumsum(np.array(self._counts, np.int64))])
        return Examples(
            latents=latents[order],
            windows=np.array(self._windows, np.int32)[order],
            firsts=firsts[:-1][order],
            lasts=firsts[1:][order],
            starts=np.array(self._starts, np.int32),
            ends=np.array(self._ends, np.int32),
            values=np.array(self._values, np.float32),
        )


@dataclass(frozen=True)
class Examples:
    """[example] by latent; the firing tokens of each lie at [firsts, lasts) of the last three."""

    latents: NDArray[np.int32]
    windows: NDArray[np.int32]
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    values: NDArray[np.float32]

    def of(self, latent: int) -> slice:
        first, last = np.searchsorted(self.latents, [latent, latent + 1]).tolist()
        return slice(first, last)
