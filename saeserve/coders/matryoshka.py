"""Matryoshka sparse autoencoder (Bussmann et al. 2025, arXiv 2503.17547), trained with BatchTopK.

    f(x) = h * 1[h > threshold],   h = (x - b_dec) W_enc + b_enc
    x^_m = f(x)[:m] W_dec[:m] + b_dec   for each nested size m, the last of them all latents

Nested dictionaries: the first m latents reconstruct on their own, the coarse concepts before the fine ones.
"""

from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Codes
from saeserve.coders.batchtopk import BatchTopK


@dataclass(frozen=True, kw_only=True)
class Matryoshka(BatchTopK):
    """BatchTopK at inference, with the sizes of its groups of latents."""

    group_sizes: tuple[int, ...]
    """Latents of each group, coarsest first; together all latents."""

    architecture: ClassVar[str] = "matryoshka"

    @property
    def nested_sizes(self) -> tuple[int, ...]:
        """Latents of each nested dictionary, smallest first."""
        return tuple(accumulate(self.group_sizes))

    def written_by(self, codes: Codes, groups: int) -> Float[Tensor, "token output_width"]:
        """What the first `groups` groups write, before the preparation of the input is undone."""
        few = codes.latents < self.nested_sizes[groups - 1]
        return self.written(Codes(codes.tokens[few], codes.latents[few], codes.values[few], codes.count))
