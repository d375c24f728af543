"""What all architectures share that have one encoder and one decoder matrix: all but how a latent comes to fire."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import DENSE_VALUES, Coder, Codes, joined, weighted_rows
from saeserve.coders.inputs import AS_THEY_ARE, Inputs


@dataclass(frozen=True, kw_only=True)
class Linear(Coder):
    """Tensors are float32 on one device; `b_dec` is subtracted from the prepared input where `subtract_b_dec` is on."""

    W_enc: Float[Tensor, "input_width latent"]
    W_dec: Float[Tensor, "latent output_width"]
    b_dec: Float[Tensor, " output_width"]
    subtract_b_dec: bool = True
    rescale_by_decoder_norm: bool = False
    """Activations are multiplied by the norms of the rows of W_dec, and divided by them again in decoding."""
    inputs: Inputs = AS_THEY_ARE

    latent_names: ClassVar[tuple[str, ...]] = ("W_enc", "b_enc", "W_dec")
    shared_names: ClassVar[tuple[str, ...]] = ("b_dec",)

    @abstractmethod
    def fire(self, prepared: Float[Tensor, "token input_width"]) -> Codes:
        """Codes of prepared activations; the caller keeps `prepared` short enough for the dense matrix."""

    @property
    def input_width(self) -> int:
        return self.W_enc.shape[0]

    @property
    def width(self) -> int:
        return self.W_enc.shape[1]

    @property
    def unit(self) -> str:
        return "decoder-norm" if self.rescale_by_decoder_norm else "raw"

    @cached_property
    def norms(self) -> Float[Tensor, " latent"]:
        """Norm of each row of the decoder; 1 for a row of zeros, so that it can be divided by."""
        norms = self.W_dec.norm(dim=1)
        return torch.where(norms > 0, norms, 1.0)

    @cached_property
    def _decoder(self) -> Tensor:
        return self.W_dec / self.norms[:, None] if self.rescale_by_decoder_norm else self.W_dec

    @property
    def decoder(self) -> Float[Tensor, "latent output_width"]:
        return self._decoder

    def encode(self, activations: Float[Tensor, "token input_width"]) -> Codes:
        """Sparse codes, by token and then by latent; at most DENSE_VALUES pre-activations exist at once."""
        chunks = torch.split(activations.float(), max(1, DENSE_VALUES // self.width))
        return joined([self.fire(self._prepared(chunk)) for chunk in chunks])

    def decode(
        self, codes: Codes, activations: Float[Tensor, "token input_width"]
    ) -> Float[Tensor, "token output_width"]:
        return self.inputs.undo(self.written(codes), activations.float())

    def written(self, codes: Codes) -> Float[Tensor, "token output_width"]:
        """What the decoder writes, before the preparation of the input is undone."""
        return weighted_rows(codes, self.decoder) + self.b_dec

    def latent_tensors(self) -> Mapping[str, Tensor]:
        return {name: self.W_enc.T if name == "W_enc" else getattr(self, name) for name in self.latent_names}

    def shared_tensors(self) -> Mapping[str, Tensor]:
        return {name: getattr(self, name) for name in self.shared_names}

    def configuration(self) -> Mapping[str, Any]:
        plain = {name: value for name, value in self._values().items() if not isinstance(value, Tensor)}
        return {"architecture": self.architecture, **plain, "inputs": self.inputs.configuration()}

    def to(self, device: str | torch.device) -> Self:
        moved: dict[str, Any] = {
            name: value.to(device) for name, value in self._values().items() if isinstance(value, Tensor)
        }
        return replace(self, **moved)

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _prepared(self, raw: Tensor) -> Tensor:
        prepared = self.inputs.prepare(raw)
        return prepared - self.b_dec if self.subtract_b_dec else prepared

    def _before(self, prepared: Tensor, bias: Tensor) -> Tensor:
        """Dense pre-activations [token, latent], rescaled where asked for."""
        before = torch.addmm(bias, prepared, self.W_enc)
        return before.mul_(self.norms) if self.rescale_by_decoder_norm else before


def above(before: Float[Tensor, "token latent"], threshold: Tensor | float) -> Codes:
    """Codes of pre-activations that are above the threshold and above 0, by token and then by latent."""
    tokens, latents = torch.nonzero((before > threshold) & (before > 0), as_tuple=True)
    return Codes(tokens, latents, before[tokens, latents], len(before))
