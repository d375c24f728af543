"""Products with sparse codes: autograd through the dense [token, latent] matrix is five times slower."""

import warnings

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Codes

DENSE_FROM = 0.04
"""Share of firing (token, latent) pairs from which the dense product is the faster one."""


class ByLatent:
    """Which tokens fire which latents, sorted once for several products."""

    def __init__(self, codes: Codes, latents: int) -> None:
        self.codes, self.latents = codes, latents
        self.is_dense = len(codes.values) > DENSE_FROM * codes.count * latents
        if self.is_dense:
            return
        self.order = codes.latents.argsort(stable=True)
        self.tokens = codes.tokens[self.order]
        self.starts = torch.zeros(latents + 1, dtype=torch.long, device=codes.values.device)
        self.starts[1:] = torch.bincount(codes.latents, minlength=latents).cumsum(0)

    def product(
        self, values: Float[Tensor, " firing"], rows: Float[Tensor, "token width"]
    ) -> Float[Tensor, "latent width"]:
        """Row l is the sum over the firings of latent l of the firing's value times its token's row."""
        codes = self.codes
        if self.is_dense:
            dense = torch.zeros(codes.count, self.latents, device=values.device)
            dense[codes.tokens, codes.latents] = values
            return dense.T @ rows
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            matrix = torch.sparse_csr_tensor(
                self.starts, self.tokens, values[self.order], size=(self.latents, codes.count), check_invariants=False
            )
        return matrix @ rows


def column_sums(codes: Codes, latents: int) -> Float[Tensor, " latent"]:
    """Sum of each latent's values."""
    return torch.zeros(latents, device=codes.values.device).index_add_(0, codes.latents, codes.values)
