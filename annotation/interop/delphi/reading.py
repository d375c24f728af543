"""delphi's cache as a mining run: every firing is known, so everything is counted as in a mined run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.interop.choosing import Frame, Looks, Wish, choose, edges_of, reserve
from annotation.interop.delphi.cache import Cache, open_cache
from annotation.interop.delphi.corpus import NOWHERE, decode
from annotation.interop.files import digests
from annotation.interop.profile import (
    PEAK_TOKENS,
    Row,
    binned,
    flags,
    histogram_edges,
    identity,
    snippet_row,
    tenths,
)
from annotation.interop.reading import Explanation, Facts
from annotation.interop.vocabulary import Vocabulary, read_vocabulary

ALIKE_TOKENS = 5
"""Tokens on which a latent fires most: silent passages that hold one of them are its look-alikes."""
SILENT = 400
"""Passages drawn a latent, of each kind, among which its look-alikes are chosen."""
NOTES = (
    "Rows of tokens are its documents, cut where a document ended: a long document counts as several.",
    "The model read across the borders of documents.",
    "Which tokens were left out as attention sinks is not said.",
    "No company of latents and no output tokens: the cache does not hold them.",
)


def read_delphi(folder: Path, tokenizer: Path, *, sae: str) -> "DelphiReading":
    """`folder`: of one hook point. `tokenizer`: tokenizer.json of the language model. `sae`: its name, which the cache
    does not say.

    Every file is read and checked once here. Raises Unreadable with the first thing that is wrong.
    """
    cache, vocabulary = open_cache(folder), read_vocabulary(tokenizer)
    files = digests(folder, [cache.config, *cache.paths]) | digests(tokenizer.parent, [tokenizer])
    return DelphiReading(cache, vocabulary, sae, files)


class DelphiReading:
    """The files of one hook point, read and checked."""

    explanations: list[Explanation] = []

    def __init__(self, cache: Cache, vocabulary: Vocabulary, sae: str, files: dict[str, str]) -> None:
        self._cache, self._vocabulary, self._sae, self.files = cache, vocabulary, sae, files
        self._corpus = decode(cache.tokens, vocabulary)
        passages = self._corpus.passages
        self.documents = list(zip(passages.keys, passages.texts, strict=True))
        self._lengths = np.array([len(text) for text in passages.texts], np.int64)
        lowest, highest, self._negative = self._extremes()
        self._edges = histogram_edges(lowest, highest)
        self.facts = self._facts()

    def mined(self, wish: Wish) -> Iterator[tuple[Row, list[Row]]]:
        passages = self._corpus.passages
        frame = Frame(passages.documents, passages.groups, reserve(passages.keys, wish))
        for number in range(len(self._cache.paths)):
            for latent, places, values in self._cache.firings(number).by_latent(self._cache.tokens.shape[1]):
                text = (values > 0) & (self._corpus.passage_at[places] != NOWHERE)
                yield self._latent(latent, places[text], values[text], frame, wish)

    def _latent(
        self, latent: int, places: NDArray[np.int64], values: NDArray[np.float32], frame: Frame, wish: Wish
    ) -> tuple[Row, list[Row]]:
        at = self._corpus.passage_at[places]
        fires, back = np.unique(at, return_inverse=True)
        peaks = np.zeros(len(fires), np.float32)
        np.maximum.at(peaks, back, values)
        shown = peaks[~frame.reserved[frame.documents[fires]]]
        edges, tokens = edges_of(shown), self._peak_tokens(places, values)
        looks = self._looks(latent, fires.astype(np.int64), peaks, [number for number, _ in tokens], wish)
        rows = []
        for choice in choose(latent, looks, edges, frame, wish):
            inside = slice(*np.searchsorted(at, [choice.passage, choice.passage + 1]).tolist())
            rows.append(
                snippet_row(latent, choice, self._corpus.passages, self._firing(places[inside], values[inside]))
            )
        return self._row(latent, places, values, fires, edges, [row for _, row in tokens], frame), rows

    def _row(
        self,
        latent: int,
        places: NDArray[np.int64],
        values: NDArray[np.float32],
        fires: NDArray[np.int32],
        edges: NDArray[np.float64],
        peak_tokens: list[dict[str, Any]],
        frame: Frame,
    ) -> Row:
        owners = np.unique(frame.documents[fires])
        density = len(places) / max(1, self.facts.tokens)
        documents = frame.documents[self._corpus.passage_at[places]]
        return {
            "index": latent,
            "identity": identity(self._cache.model, self._sae, latent),
            "firings": len(places),
            "documents": int((~frame.reserved[owners]).sum()),
            "density": density,
            "max_activation": float(values.max()) if len(values) else 0.0,
            "histogram": binned(values, self._edges),
            "decile_edges": edges.tolist(),
            "flags": flags(len(places), density, peak_tokens),
            "promoted": [],
            "suppressed": [],
            "neighbours": [],
            "coactivation": [],
            "peak_tokens": peak_tokens,
            "specialties": [],
            "sections": [],
            "positions": tenths(self._corpus.starts[places].astype(np.int64), self._lengths[documents]),
        }

    def _firing(self, places: NDArray[np.int64], values: NDArray[np.float32]) -> list[dict[str, Any]]:
        """The firing tokens of one passage, characters from its start."""
        passages = self._corpus.passages
        passage = self._corpus.passage_at[places[0]] if len(places) else 0
        begin, end = int(passages.starts[passage]), int(passages.ends[passage])
        return [
            {
                "start": int(self._corpus.starts[place]) - begin,
                "end": min(int(self._corpus.ends[place]), end) - begin,
                "activation": float(value),
            }
            for place, value in zip(places.tolist(), values.tolist(), strict=True)
        ]

    def _peak_tokens(self, places: NDArray[np.int64], values: NDArray[np.float32]) -> list[tuple[int, dict[str, Any]]]:
        """(token, its row) of those on which it fires, most firings first."""
        tokens, back, counts = np.unique(self._corpus.tokens[places], return_inverse=True, return_counts=True)
        sums = np.bincount(back, weights=values, minlength=len(tokens))
        order = np.argsort(-counts, kind="stable")[:PEAK_TOKENS]
        return [
            (
                int(tokens[at]),
                {
                    "token": self._vocabulary.text(int(tokens[at])),
                    "firings": int(counts[at]),
                    "share": float(counts[at] / len(places)),
                    "mean": float(sums[at] / counts[at]),
                },
            )
            for at in order.tolist()
        ]

    def _looks(
        self, latent: int, fires: NDArray[np.int64], peaks: NDArray[np.float32], tokens: list[int], wish: Wish
    ) -> Looks:
        """Where it fires, and seeded draws of passages in which it does not."""
        if not len(fires):
            return Looks(fires, peaks, (), ())
        rng = np.random.default_rng([wish.seed, latent, 1])
        holding = [self._corpus.passages_with(token) for token in tokens[:ALIKE_TOKENS]]
        alike = np.setdiff1d(np.unique(np.concatenate(holding)), fires)
        drawn = np.unique(rng.integers(0, len(self._corpus.passages), 2 * SILENT))
        others = np.setdiff1d(np.setdiff1d(drawn, fires), alike)
        return Looks(fires, peaks, rng.permutation(alike)[:SILENT].tolist(), rng.permutation(others)[:SILENT].tolist())

    def _extremes(self) -> tuple[float, float, int]:
        """Lowest and highest activation above 0 of all files, and how many lie below."""
        lowest, highest, negative = np.inf, 0.0, 0
        for number in range(len(self._cache.paths)):
            values = self._cache.firings(number).activations
            above = values[values > 0]
            negative += int((values < 0).sum())
            if len(above):
                lowest, highest = min(lowest, float(above.min())), max(highest, float(above.max()))
        return (lowest, highest, negative) if highest else (0.0, 0.0, negative)

    def _facts(self) -> Facts:
        left_out = [f"{self._negative:,} activations below 0 are not counted as firing."] if self._negative else []
        text = np.flatnonzero(self._corpus.passage_at != NOWHERE)
        owners = self._corpus.passages.documents[self._corpus.passage_at[text]]
        return Facts(
            tool="delphi",
            model=self._cache.model,
            sae=self._sae,
            hook_point=self._cache.hook_point,
            width=self._cache.width,
            tokens=len(text),
            window_tokens=len(text),
            unit="raw",
            edges=self._edges.tolist(),
            positions=tenths(self._corpus.starts[text].astype(np.int64), self._lengths[owners]),
            notes=(*NOTES, *left_out),
        )
