"""What every SAE architecture shares: its parts, encoding to sparse codes, decoding."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

DENSE_VALUES = 2**25
"""Pre-activations held at once while encoding: 128 MB in float32, however wide the SAE."""


@dataclass(frozen=True)
class Codes:
    """Sparse codes of a batch of tokens, one row a firing."""

    tokens: Int[Tensor, " firing"]
    """Position of the token in the batch; never falls from one row to the next."""
    latents: Int[Tensor, " firing"]
    values: Float[Tensor, " firing"]
    """Activations, above 0."""
    count: int
    """Tokens in the batch, those on which nothing fires too."""


class Coder(ABC):
    """An SAE or transcoder ready to encode and decode, in float32. Activations go in raw and come out raw."""

    architecture: ClassVar[str]

    @property
    @abstractmethod
    def input_width(self) -> int:
        """Width of the activations that it reads."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of latents."""

    @property
    def output_width(self) -> int:
        """Width of what it writes: that of the input, except for a transcoder."""
        return self.decoder.shape[1]

    @property
    @abstractmethod
    def unit(self) -> str:
        """`raw` or `decoder-norm`: the unit of the latents' activations."""

    @property
    @abstractmethod
    def decoder(self) -> Float[Tensor, "latent output_width"]:
        """What one unit of each latent adds to the reconstruction."""

    @abstractmethod
    def encode(self, activations: Float[Tensor, "token input_width"]) -> Codes:
        """Sparse codes of raw activations."""

    @abstractmethod
    def decode(
        self, codes: Codes, activations: Float[Tensor, "token input_width"]
    ) -> Float[Tensor, "token output_width"]:
        """Reconstruction of each token. `activations`: what was encoded; normalisation and skips need it."""

    @abstractmethod
    def latent_tensors(self) -> Mapping[str, Tensor]:
        """What belongs to one latent each, by name; the first axis is the latent."""

    @abstractmethod
    def shared_tensors(self) -> Mapping[str, Tensor]:
        """What all latents share, by name."""

    @abstractmethod
    def configuration(self) -> Mapping[str, Any]:
        """All else that changes the codes, as plain values: architecture, k, threshold, normalisation ..."""

    @abstractmethod
    def to(self, device: str | torch.device) -> "Coder":
        """The same on another device."""


def codes_of(dense: Float[Tensor, "token latent"]) -> Codes:
    """Codes of a dense matrix of activations; what is not above 0 does not fire."""
    tokens, latents = torch.nonzero(dense > 0, as_tuple=True)
    return Codes(tokens, latents, dense[tokens, latents], len(dense))


def joined(parts: list[Codes]) -> Codes:
    """Codes of consecutive batches as those of one batch."""
    firsts, first = [], 0
    for part in parts:
        firsts.append(first)
        first += part.count
    return Codes(
        torch.cat([part.tokens + start for part, start in zip(parts, firsts, strict=True)]),
        torch.cat([part.latents for part in parts]),
        torch.cat([part.values for part in parts]),
        first,
    )


def weighted_rows(codes: Codes, rows: Float[Tensor, "latent out"]) -> Float[Tensor, "token out"]:
    """Sum over each token's firings of value times the latent's row."""
    counts = torch.bincount(codes.tokens, minlength=codes.count)
    offsets = torch.cumsum(counts, 0) - counts
    return torch.nn.functional.embedding_bag(
        codes.latents, rows, offsets, per_sample_weights=codes.values.to(rows.dtype), mode="sum"
    )
