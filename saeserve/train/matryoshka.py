"""Training of a Matryoshka BatchTopK SAE (Bussmann, Nabeshima, Karvonen, Nanda 2025, arXiv 2503.17547).

    loss = mean over the prefixes m of |x^_m - x|^2,   x^_m: the reconstruction by the first m latents alone

so that the first latents learn to explain a token without the later ones, and general concepts are not absorbed by
special ones. The prefixes are PREFIXES of the width. What fires, and the threshold of inference, are BatchTopK's.
"""

from itertools import pairwise

from torch import Tensor

from saeserve.coders.base import Coder, Codes, weighted_rows
from saeserve.coders.matryoshka import Matryoshka
from saeserve.train.batchtopk import BatchTopKTrainer

PREFIXES = (1 / 16, 1 / 4, 1)
"""Shares of the latents, narrow to wide."""


class MatryoshkaTrainer(BatchTopKTrainer):
    """BatchTopK whose first latents must do alone."""

    architecture = "matryoshka"

    @property
    def nested_sizes(self) -> list[int]:
        """Latents of each prefix, smallest first."""
        return sorted({max(1, round(share * self.recipe.width)) for share in PREFIXES})

    def coder(self) -> Coder:
        groups = tuple(last - first for first, last in pairwise([0, *self.nested_sizes]))
        return Matryoshka(**self.raw_parts(), threshold=float(self.threshold / self.scale), group_sizes=groups)

    def slopes(self, centred: Tensor, codes: Codes) -> tuple[Tensor, list[tuple[slice, Tensor]]]:
        parts = [slice(first, last) for first, last in pairwise([0, *self.nested_sizes])]
        errors, rebuilt = [], -centred
        for part in parts:
            inside = (codes.latents >= part.start) & (codes.latents < part.stop)
            rebuilt = rebuilt + weighted_rows(
                Codes(codes.tokens[inside], codes.latents[inside], codes.values[inside], codes.count), self.decoder
            )
            errors.append(rebuilt)
        slopes, slope = [], centred.new_zeros(centred.shape)
        for error in reversed(errors):
            slope = slope + 2 * error / len(centred) / len(parts)
            slopes.append(slope)
        return errors[-1], list(zip(parts, reversed(slopes), strict=True))
