"""What is TopK's own: ties, and slots that ReLU empties."""

import torch

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


def test_negative_preactivations_among_the_top_k_do_not_fire() -> None:
    coder = a_coder()
    deep = TopK(W_enc=coder.W_enc, b_enc=coder.b_enc - 1000, W_dec=coder.W_dec, b_dec=coder.b_dec, k=7)
    x = torch.zeros(3, 12)
    codes = deep.encode(x)
    assert (codes.count, len(codes.values)) == (3, 0)
    torch.testing.assert_close(deep.decode(codes, x), deep.b_dec.expand(3, 12))


def test_ties_at_the_border_keep_k_latents() -> None:
    same = TopK(W_enc=torch.ones(2, 9), b_enc=torch.zeros(9), W_dec=torch.ones(9, 2), b_dec=torch.zeros(2), k=4)
    codes = same.encode(torch.ones(5, 2))
    assert torch.bincount(codes.tokens).tolist() == [4] * 5


def test_no_more_than_k_latents_fire_on_a_token() -> None:
    codes = a_coder().encode(torch.randn(50, 12, generator=torch.Generator().manual_seed(1)) * 10)
    assert int(torch.bincount(codes.tokens).max()) == 7


def test_the_unit_is_named() -> None:
    assert a_coder().unit == "raw"
    assert a_coder(rescale=True).unit == "decoder-norm"
