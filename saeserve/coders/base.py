"""What every SAE architecture shares: tensors, decoding, and what it may be asked."""

from dataclasses import dataclass
from typing import Protocol

from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Firings:
    """Sparse codes of a batch of activations, at most `width` of them a token."""

    latents: Int[Tensor, "token slot"]
    """Index of the latent in each slot."""
    values: Float[Tensor, "token slot"]
    """Its activation; 0 marks an empty slot."""


class Coder(Protocol):
    """An SAE ready to encode and decode, in float32."""

    @property
    def architecture(self) -> str: ...

    @property
    def input_width(self) -> int: ...

    @property
    def width(self) -> int:
        """Number of latents."""

    @property
    def unit(self) -> str:
        """`raw` or `decoder-norm`: the unit of the activations."""

    @property
    def decoder(self) -> Float[Tensor, "latent width"]: ...

    def encode(self, activations: Float[Tensor, "token width"]) -> Firings: ...

    def decode(self, firings: Firings) -> Float[Tensor, "token width"]: ...
