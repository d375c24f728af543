"""Random weights for small SAEs, and the comparison of a coder with what a test worked out by hand."""

from collections.abc import Sequence

import torch
from torch import Tensor

from saeserve.coders.base import Coder, Codes

WIDTH, LATENTS, TOKENS = 6, 20, 7


def weights(*, seed: int = 5, width: int = WIDTH, latents: int = LATENTS, out: int | None = None) -> dict[str, Tensor]:
    """W_enc, b_enc, W_dec and b_dec; decoder rows have different norms, so that a rescaling shows."""
    chance = torch.Generator().manual_seed(seed)
    return {
        "W_enc": torch.randn(width, latents, generator=chance),
        "b_enc": torch.randn(latents, generator=chance) * 0.3,
        "W_dec": torch.randn(latents, out or width, generator=chance),
        "b_dec": torch.randn(out or width, generator=chance),
    }


def positive(*, seed: int = 6, latents: int = LATENTS) -> Tensor:
    """Thresholds, one a latent."""
    return torch.rand(latents, generator=torch.Generator().manual_seed(seed)) * 2


def activations(*, seed: int = 9, tokens: int = TOKENS, width: int = WIDTH) -> Tensor:
    return torch.randn(tokens, width, generator=torch.Generator().manual_seed(seed)) * 2 + 0.5


def dense(codes: Codes, latents: int = LATENTS) -> Tensor:
    """[token, latent]; fails where a latent fires twice on a token."""
    matrix = torch.zeros(codes.count, latents)
    matrix.index_put_((codes.tokens, codes.latents), codes.values, accumulate=True)
    assert int((matrix > 0).sum()) == len(codes.values)
    return matrix


def agrees(coder: Coder, x: Tensor, codes: Sequence[Sequence[float]], outputs: Sequence[Sequence[float]]) -> None:
    """The coder fires where the expected codes do, as strongly, and reconstructs what is expected."""
    found = coder.encode(x)
    wanted = torch.tensor(codes, dtype=torch.float64)
    assert 0 < int((wanted > 0).sum()) < wanted.numel()
    assert torch.equal(dense(found, coder.width) > 0, wanted > 0)
    torch.testing.assert_close(dense(found, coder.width), wanted.float(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(coder.decode(found, x), torch.tensor(outputs).float(), rtol=1e-4, atol=1e-4)
