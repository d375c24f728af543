"""TopK encodes and decodes as its two equations say."""

import pytest
import torch
from torch import Tensor

from saeserve.coders.topk import TopK


def a_coder(*, subtract_b_dec: bool = True, rescale: bool = False) -> TopK:
    chance = torch.Generator().manual_seed(5)
    return TopK(
        W_enc=torch.randn(12, 40, generator=chance),
        b_enc=torch.randn(40, generator=chance) * 0.1,
        W_dec=torch.randn(40, 12, generator=chance),
        b_dec=torch.randn(12, generator=chance),
        k=7,
        subtract_b_dec=subtract_b_dec,
        rescale_by_decoder_norm=rescale,
    )


def naive_codes(coder: TopK, x: Tensor) -> Tensor:
    """Dense codes of one activation, latent by latent, straight from the equation."""
    before = []
    for latent in range(coder.width):
        inputs = x - coder.b_dec if coder.subtract_b_dec else x
        value = float(sum(inputs[i] * coder.W_enc[i, latent] for i in range(len(x))) + coder.b_enc[latent])
        before.append(value * float(coder.W_dec[latent].norm()) if coder.rescale_by_decoder_norm else value)
    kept = sorted(range(coder.width), key=lambda latent: -before[latent])[: coder.k]
    return torch.tensor([max(before[latent], 0.0) if latent in kept else 0.0 for latent in range(coder.width)])


@pytest.mark.parametrize("subtract_b_dec", [True, False])
@pytest.mark.parametrize("rescale", [True, False])
def test_encode_equals_the_naive_equation(subtract_b_dec: bool, rescale: bool) -> None:
    coder = a_coder(subtract_b_dec=subtract_b_dec, rescale=rescale)
    activations = torch.randn(9, 12, generator=torch.Generator().manual_seed(6))
    codes = coder.encode(activations)
    dense = torch.zeros(9, 40).scatter_(1, codes.latents, codes.values)
    expected = torch.stack([naive_codes(coder, x) for x in activations])
    torch.testing.assert_close(dense, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rescale", [True, False])
def test_decode_is_the_weighted_sum_of_decoder_rows(rescale: bool) -> None:
    coder = a_coder(rescale=rescale)
    activations = torch.randn(5, 12, generator=torch.Generator().manual_seed(8))
    codes = coder.encode(activations)
    norms = coder.W_dec.norm(dim=1)
    for token in range(5):
        expected = coder.b_dec.clone()
        for latent, value in zip(codes.latents[token], codes.values[token], strict=True):
            expected += (value / norms[latent] if rescale else value) * coder.W_dec[latent]
        torch.testing.assert_close(coder.decode(codes)[token], expected)


def test_negative_preactivations_among_the_top_k_do_not_fire() -> None:
    coder = a_coder()
    deep = TopK(coder.W_enc, coder.b_enc - 1000, coder.W_dec, coder.b_dec, k=7)
    codes = deep.encode(torch.zeros(3, 12))
    assert float(codes.values.sum()) == 0
    torch.testing.assert_close(deep.decode(codes), deep.b_dec.expand(3, 12))


def test_the_unit_is_named() -> None:
    assert a_coder().unit == "raw"
    assert a_coder(rescale=True).unit == "decoder-norm"
