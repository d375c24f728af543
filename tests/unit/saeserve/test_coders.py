"""Every architecture encodes and decodes as its two equations say; what all of them share holds for each."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from saeserve.coders import base, linear
from saeserve.coders.base import Coder
from saeserve.coders.batchtopk import BatchTopK
from saeserve.coders.gated import Gated
from saeserve.coders.groupmax import GroupMax
from saeserve.coders.inputs import CONSTANT_NORM, LAYER_NORM, Inputs
from saeserve.coders.jumprelu import JumpReLU
from saeserve.coders.matryoshka import Matryoshka
from saeserve.coders.relu import ReLU
from saeserve.coders.skip_transcoder import SkipTranscoder
from saeserve.coders.topk import TopK
from saeserve.coders.transcoder import Transcoder
from tests.unit.saeserve import naive_coders as naive
from tests.unit.saeserve.made_up_saes import LATENTS, WIDTH, activations, agrees, dense, positive, weights

W = weights()
WITHOUT_BIAS = {name: W[name] for name in ("W_enc", "W_dec", "b_dec")}
ENC, DEC = W["W_enc"].tolist(), W["W_dec"].tolist()
GATES = {"b_gate": W["b_enc"], "b_mag": positive(seed=1) - 1, "r_mag": positive(seed=2) - 1}
X = activations()
ACROSS = weights(out=4)
SKIP = torch.randn(4, WIDTH, generator=torch.Generator().manual_seed(3))
CODERS: dict[str, Coder] = {
    "relu": ReLU(**W),
    "relu, layer norm": ReLU(**W, inputs=Inputs(LAYER_NORM)),
    "relu, constant norm": ReLU(**W, inputs=Inputs(CONSTANT_NORM)),
    "relu, centred": ReLU(**W, inputs=Inputs(centre=True)),
    "topk": TopK(**W, k=3),
    "topk, rescaled": TopK(**W, k=3, rescale_by_decoder_norm=True),
    "jumprelu": JumpReLU(**W, threshold=positive()),
    "batchtopk": BatchTopK(**W, threshold=1.2),
    "matryoshka": Matryoshka(**W, threshold=1.2, group_sizes=(4, 6, 10)),
    "gated": Gated(**WITHOUT_BIAS, **GATES),
    "gated, rescaled": Gated(**WITHOUT_BIAS, **GATES, rescale_by_decoder_norm=True),
    "groupmax": GroupMax(**W, k=5),
    "transcoder": Transcoder(TopK(**ACROSS, k=4, subtract_b_dec=False)),
    "skip transcoder": SkipTranscoder(JumpReLU(**ACROSS, threshold=positive(), subtract_b_dec=False), SKIP),
}
every_coder = pytest.mark.parametrize("coder", CODERS.values(), ids=CODERS)


def before(x: list[float], *, subtract: bool = True) -> list[float]:
    inputs = naive.minus(x, W["b_dec"].tolist()) if subtract else x
    return naive.pre_activations(inputs, ENC, W["b_enc"].tolist())


def outputs(codes: list[list[float]]) -> list[list[float]]:
    return [naive.decoded(f, DEC, W["b_dec"].tolist()) for f in codes]


@pytest.mark.parametrize("subtract", [True, False])
def test_relu(subtract: bool) -> None:
    codes = [naive.relu(before(x, subtract=subtract)) for x in X.tolist()]
    agrees(ReLU(**W, subtract_b_dec=subtract), X, codes, outputs(codes))


@pytest.mark.parametrize("subtract", [True, False])
def test_topk(subtract: bool) -> None:
    codes = [naive.topk(before(x, subtract=subtract), 3) for x in X.tolist()]
    agrees(TopK(**W, k=3, subtract_b_dec=subtract), X, codes, outputs(codes))


def test_topk_rescaled_chooses_by_contribution_and_divides_again_in_decoding() -> None:
    lengths = naive.norms(DEC)
    codes = [naive.topk(naive.times(before(x), lengths), 3) for x in X.tolist()]
    plain = [[value / length for value, length in zip(f, lengths, strict=True)] for f in codes]
    agrees(CODERS["topk, rescaled"], X, codes, outputs(plain))
    unscaled = [naive.topk(before(x), 3) for x in X.tolist()]
    assert [[value > 0 for value in f] for f in unscaled] != [[value > 0 for value in f] for f in codes]


def test_jumprelu() -> None:
    codes = [naive.jumprelu(before(x), positive().tolist()) for x in X.tolist()]
    agrees(CODERS["jumprelu"], X, codes, outputs(codes))


def test_jumprelu_is_strict_and_never_fires_below_0() -> None:
    exact = {"W_enc": torch.eye(3), "b_enc": torch.zeros(3), "W_dec": torch.eye(3), "b_dec": torch.zeros(3)}
    codes = JumpReLU(**exact, threshold=torch.tensor([2.0, 2.0, -5.0])).encode(torch.tensor([[2.0, 2.5, -1.0]]))
    assert (codes.latents.tolist(), codes.values.tolist()) == ([1], [2.5])


def test_batchtopk_and_matryoshka_fire_above_one_threshold_whatever_the_batch() -> None:
    codes = [naive.jumprelu(before(x), [1.2] * LATENTS) for x in X.tolist()]
    agrees(CODERS["batchtopk"], X, codes, outputs(codes))
    agrees(CODERS["matryoshka"], X, codes, outputs(codes))
    assert len({sum(value > 0 for value in f) for f in codes}) > 1


def test_matryoshka_groups_reconstruct_on_their_own() -> None:
    coder = CODERS["matryoshka"]
    assert isinstance(coder, Matryoshka)
    assert coder.nested_sizes == (4, 10, 20)
    codes = [naive.jumprelu(before(x), [1.2] * LATENTS) for x in X.tolist()]
    few = [naive.decoded(f[:10], DEC[:10], W["b_dec"].tolist()) for f in codes]
    torch.testing.assert_close(coder.written_by(coder.encode(X), 2), torch.tensor(few), rtol=1e-4, atol=1e-4)


def test_gated() -> None:
    gates = [GATES[name].tolist() for name in ("b_gate", "b_mag", "r_mag")]
    codes = [naive.gated(naive.minus(x, W["b_dec"].tolist()), ENC, *gates) for x in X.tolist()]
    agrees(CODERS["gated"], X, codes, outputs(codes))
    scaled = [naive.times(f, naive.norms(DEC)) for f in codes]
    agrees(CODERS["gated, rescaled"], X, scaled, outputs(codes))


def test_groupmax() -> None:
    codes = [naive.groupmax(before(x), 5) for x in X.tolist()]
    agrees(CODERS["groupmax"], X, codes, outputs(codes))


def test_transcoders_write_into_another_space() -> None:
    bias, encoder, decoder = ACROSS["b_enc"].tolist(), ACROSS["W_enc"].tolist(), ACROSS["W_dec"].tolist()
    codes = [naive.topk(naive.pre_activations(x, encoder, bias), 4) for x in X.tolist()]
    agrees(CODERS["transcoder"], X, codes, [naive.decoded(f, decoder, ACROSS["b_dec"].tolist()) for f in codes])
    assert CODERS["transcoder"].output_width == 4


def test_the_skip_connection_takes_the_raw_input_and_normalisation_is_not_undone() -> None:
    inner = ReLU(**ACROSS, subtract_b_dec=False, inputs=Inputs(LAYER_NORM))
    bias, encoder, decoder = ACROSS["b_enc"].tolist(), ACROSS["W_enc"].tolist(), ACROSS["W_dec"].tolist()
    codes = [naive.relu(naive.pre_activations(naive.layer_normed(x)[0], encoder, bias)) for x in X.tolist()]
    wanted = [
        [a + b for a, b in zip(naive.decoded(f, decoder, ACROSS["b_dec"].tolist()), skipped, strict=True)]
        for f, skipped in zip(codes, (naive.mapped(x, SKIP.tolist()) for x in X.tolist()), strict=True)
    ]
    agrees(SkipTranscoder(inner, SKIP), X, codes, wanted)


def test_layer_norm_divides_by_n_minus_1_and_adds_its_epsilon_outside_of_the_root() -> None:
    x = X * 1e-4  # so small that the 1e-5 shows
    normed = [naive.layer_normed(row) for row in x.tolist()]
    codes = [naive.relu(before(row)) for row, _, _ in normed]
    wanted = [
        [value * divisor + mean for value in output]
        for output, (_, mean, divisor) in zip(outputs(codes), normed, strict=True)
    ]
    agrees(CODERS["relu, layer norm"], x, codes, wanted)


def test_constant_norm_gives_every_token_the_norm_root_of_width_and_its_own_back() -> None:
    scales = [WIDTH**0.5 / sum(value**2 for value in row) ** 0.5 for row in X.tolist()]
    codes = [
        naive.relu(before([value * scale for value in row])) for row, scale in zip(X.tolist(), scales, strict=True)
    ]
    wanted = [[value / scale for value in output] for output, scale in zip(outputs(codes), scales, strict=True)]
    agrees(CODERS["relu, constant norm"], X, codes, wanted)


def test_a_token_of_zeros_is_encoded() -> None:
    for coder in (CODERS["relu, constant norm"], CODERS["relu, layer norm"]):
        zeros = torch.zeros(1, WIDTH)
        assert torch.isfinite(coder.decode(coder.encode(zeros), zeros)).all()


def test_centring_takes_each_tokens_mean_away_and_gives_it_back() -> None:
    means = [sum(row) / WIDTH for row in X.tolist()]
    codes = [naive.relu(before([value - mean for value in row])) for row, mean in zip(X.tolist(), means, strict=True)]
    wanted = [[value + mean for value in output] for output, mean in zip(outputs(codes), means, strict=True)]
    agrees(CODERS["relu, centred"], X, codes, wanted)


@every_coder
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), tokens=st.integers(1, 9))
def test_a_batch_is_encoded_as_its_rows_are(coder: Coder, seed: int, tokens: int) -> None:
    x = activations(seed=seed, tokens=tokens)
    rows = torch.cat([dense(coder.encode(row[None])) for row in x])
    # The order of summation may differ with the batch, which near a border decides whether a latent fires.
    torch.testing.assert_close(dense(coder.encode(x)).where(rows > 1e-5, 0), rows.where(rows > 1e-5, 0))
    alone = torch.cat([coder.decode(coder.encode(row[None]), row[None]) for row in x])
    torch.testing.assert_close(coder.decode(coder.encode(x), x), alone, rtol=1e-4, atol=1e-4)


@every_coder
def test_codes_are_ordered_by_token_and_latent_and_above_0(coder: Coder) -> None:
    codes = coder.encode(X)
    places = (codes.tokens * coder.width + codes.latents).tolist()
    assert places == sorted(set(places))
    assert float(codes.values.min()) > 0


@every_coder
def test_cutting_the_batch_changes_nothing(coder: Coder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = dense(coder.encode(X))
    monkeypatch.setattr(linear, "DENSE_VALUES", 3 * LATENTS)
    torch.testing.assert_close(dense(coder.encode(X)), whole)


def test_65536_latents_never_hold_more_preactivations_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    class Watched(TopK):
        def _before(self, prepared: Tensor, bias: Tensor) -> Tensor:
            result = super()._before(prepared, bias)
            sizes.append(result.numel())
            return result

    codes = Watched(**weights(latents=65_536, width=4), k=32).encode(activations(tokens=1_200, width=4))
    assert max(sizes) <= base.DENSE_VALUES
    assert len(sizes) > 1
    assert codes.count == 1_200


@every_coder
def test_no_tokens_give_no_codes(coder: Coder) -> None:
    codes = coder.encode(X[:0])
    assert (codes.count, len(codes.values)) == (0, 0)
    assert coder.decode(codes, X[:0]).shape == (0, coder.output_width)


@every_coder
def test_moving_keeps_what_it_computes(coder: Coder) -> None:
    moved = coder.to("cpu")
    assert type(moved) is type(coder)
    assert moved.configuration() == coder.configuration()
    assert torch.equal(dense(moved.encode(X)), dense(coder.encode(X)))


@every_coder
def test_one_unit_of_a_latent_adds_its_decoder_row(coder: Coder) -> None:
    if coder.unit == "decoder-norm":
        torch.testing.assert_close(coder.decoder.norm(dim=1), torch.ones(LATENTS))
    one = base.Codes(torch.tensor([0]), torch.tensor([4]), torch.tensor([1.0]), 1)
    none = base.Codes(torch.tensor([], dtype=torch.long), torch.tensor([], dtype=torch.long), torch.tensor([]), 1)
    x = X[:1]
    added = coder.decode(one, x) - coder.decode(none, x)
    across = added / added.norm()
    torch.testing.assert_close(across[0], coder.decoder[4] / coder.decoder[4].norm(), rtol=1e-3, atol=1e-4)


def test_units_are_named() -> None:
    assert {name for name, coder in CODERS.items() if coder.unit == "decoder-norm"} == {
        "topk, rescaled",
        "gated, rescaled",
    }
    assert {coder.unit for coder in CODERS.values()} == {"raw", "decoder-norm"}
