"""Training follows the gradients of its loss, resumes where it stopped, and writes a card of what it measured."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from saeserve.fit import load_fit
from saeserve.language_model import load_language_model
from saeserve.quality import reconstruction
from saeserve.train import topk
from saeserve.train.plan import TooLittleText, TrainPlan, split
from saeserve.train.run import train_sae
from saeserve.train.topk import TopKTrainer, scatter_product, train


def activations(rows: int = 600) -> Tensor:
    """Sparse sums of few directions, so that there is something to find."""
    chance = torch.Generator().manual_seed(2)
    directions = torch.randn(40, 16, generator=chance)
    weights = torch.rand(rows, 40, generator=chance) * (torch.rand(rows, 40, generator=chance) < 0.1)
    return (30 * weights @ directions + 5).half()


def small(plan: TrainPlan, *, epochs: int = 3) -> TrainPlan:
    return dataclasses.replace(plan, width=64, k=4, batch=100, epochs=epochs)


def test_gradients_equal_autograd(plan: TrainPlan) -> None:
    raw = activations(50).float()
    trainer = TopKTrainer(small(plan), raw.mean(dim=0), 0.1)
    parameters = [parameter.clone().requires_grad_() for parameter in trainer.parameters]
    encoder, encoder_bias, decoder, decoder_bias = parameters
    inputs = raw * 0.1
    before = (inputs - decoder_bias) @ encoder.T + encoder_bias
    values, latents = before.topk(4, dim=1)
    codes = torch.zeros_like(before).scatter(1, latents, values.relu())
    loss = (codes @ decoder + decoder_bias - inputs).square().sum(dim=1).mean()
    loss.backward()
    trainer.step(raw, 0.0)
    expected = [parameter.grad for parameter in parameters]
    assert expected[2] is not None
    expected[2] = expected[2] - (expected[2] * decoder).sum(dim=1, keepdim=True) * decoder
    for parameter, gradient in zip(trainer.parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-5)


def test_dead_latents_get_a_gradient_that_lowers_what_is_left(plan: TrainPlan) -> None:
    raw = activations(50).float()
    trainer = TopKTrainer(small(plan), raw.mean(dim=0), 0.1)
    trainer.silent[:] = topk.DEAD_AFTER + 1
    trainer.encoder_bias[:32] = -100.0  # these never reach the top k
    trainer.step(raw, 0.0)
    assert trainer.decoder.grad is not None
    assert not trainer.decoder.grad[:32].any()  # and fire nowhere, so even the auxiliary loss cannot use them
    trainer.encoder_bias[:32] = -0.5
    trainer.silent[:] = topk.DEAD_AFTER + 1
    trainer.step(raw, 0.0)
    assert trainer.decoder.grad[:32].any()


def test_scatter_product_is_the_sum_it_says() -> None:
    latents = torch.tensor([[0, 2], [2, 1]])
    weights = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    expected = torch.tensor([[1.0, 0.0], [0.0, 4.0], [2.0, 3.0], [0.0, 0.0]])
    torch.testing.assert_close(scatter_product(latents, weights, rows, 4), expected)


def test_an_interrupted_training_ends_with_the_same_weights(
    plan: TrainPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topk, "CHECKPOINT_STEPS", 5)
    straight = train(small(plan), activations(), tmp_path / "straight", say=lambda line: None)

    class Interrupted(Exception):
        pass

    def interrupt(line: str) -> None:
        if "step 10 " in line:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(small(plan), activations(), tmp_path / "broken", say=interrupt)
    resumed = train(small(plan), activations(), tmp_path / "broken", say=lambda line: None)
    for name in ("W_enc", "b_enc", "W_dec", "b_dec"):
        assert torch.equal(getattr(resumed, name), getattr(straight, name))


def test_training_explains_raw_activations_with_unit_norm_rows(plan: TrainPlan, tmp_path: Path) -> None:
    before = reconstruction(TopKTrainer(small(plan), activations().float().mean(0), 0.1).coder(), activations())
    coder = train(small(plan, epochs=40), activations(), tmp_path / "c", say=lambda line: None)
    after = reconstruction(coder, activations())
    assert after.fve > 0.6 > 0.3 > before.fve
    torch.testing.assert_close(coder.W_dec.norm(dim=1), torch.ones(64))


def test_the_card_states_what_can_be_measured_again(plan: TrainPlan, sae_folder: Path) -> None:
    card = json.loads((sae_folder / "card.json").read_text())
    fit = load_fit(plan.model, sae_folder, dtype="float32", device="cpu")
    (cached,) = plan.cache.glob("*")
    _, held_out = split(plan, fit.model.tokenizer)
    assert card["held_out"]["documents"] == held_out.documents
    parts = [
        load_file(file)["activations"] for file in sorted(cached.glob("*.safetensors")) if "checkpoint" not in file.name
    ]
    assert sum(map(len, parts)) == card["training"]["tokens"] + card["held_out"]["tokens"]
    assert card["held_out"]["l0"] == pytest.approx(plan.k, abs=0.5)
    readme = (sae_folder / "README.md").read_text()
    for figure in ("fve", "ce", "ce_with_sae", "ce_rise", "dead_latents"):
        assert str(card["held_out"][figure]) in readme
    assert card["command"] in readme


def test_held_out_documents_are_not_trained_on(plan: TrainPlan) -> None:
    tokenizer = load_language_model(plan.model, dtype="float32").tokenizer
    train_part, held_out = split(plan, tokenizer)
    trained = {window.ids.tobytes() for window in train_part.windows}
    assert not trained & {window.ids.tobytes() for window in held_out.windows}


def test_too_small_a_corpus_is_refused(plan: TrainPlan) -> None:
    with pytest.raises(TooLittleText, match="ask for fewer"):
        train_sae(dataclasses.replace(plan, train_tokens=10**9), command="", say=lambda line: None)
