"""Products with sparse codes: autograd through the dense [token, latent] matrix is five times slower."""

import warnings

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Codes

DENSE_FROM = 0.04
"""Share of firing (token, latent) pairs from which the dense product is the faster one."""


def scatter_product(codes: Codes, rows: Float[Tensor, "token width"], latents: int) -> Float[Tensor, "latent width"]:
    """Row l is the sum over the firings of latent l of the firing's value times its token's row."""
    if len(codes.values) > DENSE_FROM * codes.count * latents:
        return _dense(codes, latents).T @ rows
    order = codes.latents.argsort(stable=True)
    starts = torch.zeros(latents + 1, dtype=torch.long, device=rows.device)
    starts[1:] = torch.bincount(codes.latents, minlength=latents).cumsum(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        matrix = torch.sparse_csr_tensor(
            starts, codes.tokens[order], codes.values[order], size=(latents, codes.count), check_invariants=False
        )
    return matrix @ rows


def column_sums(codes: Codes, latents: int) -> Float[Tensor, " latent"]:
    """Sum of each latent's values."""
    return torch.zeros(latents, device=codes.values.device).index_add_(0, codes.latents, codes.values)


def _dense(codes: Codes, latents: int) -> Float[Tensor, "token latent"]:
    dense = torch.zeros(codes.count, latents, device=codes.values.device)
    dense[codes.tokens, codes.latents] = codes.values
    return dense
