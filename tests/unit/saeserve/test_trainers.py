"""Each trainer follows the gradients of its loss, resumes where it stopped, and finds what there is to find."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from saeserve.coders.base import Codes
from saeserve.quality import reconstruction
from saeserve.train import jumprelu, loop, sparse, trainer
from saeserve.train.batchtopk import BatchTopKTrainer, strongest
from saeserve.train.jumprelu import JumpReluTrainer
from saeserve.train.loop import new_trainer, train
from saeserve.train.matryoshka import MatryoshkaTrainer
from saeserve.train.recipe import ARCHITECTURES, BadRecipe, Recipe
from saeserve.train.sparse import ByLatent
from saeserve.train.trainer import Spread, Trainer, spread_of

SCALE = 0.1


def activations(rows: int = 2000) -> Tensor:
    """Sparse sums of few directions, so that there is something to find."""
    chance = torch.Generator().manual_seed(2)
    directions = torch.randn(40, 16, generator=chance)
    weights = torch.rand(rows, 40, generator=chance) * (torch.rand(rows, 40, generator=chance) < 0.1)
    return (30 * weights @ directions + 5).half()


def recipe(architecture: str, **changes: Any) -> Recipe:
    return Recipe(**{"architecture": architecture, "width": 64, "k": 4, "batch": 100, "epochs": 3, **changes})


def fresh(architecture: str, raw: Tensor) -> Trainer:
    """A trainer that has left its symmetric beginning: biases are not 0, encoder and decoder differ."""
    made = new_trainer(recipe(architecture), Spread(raw.mean(dim=0), SCALE))
    chance = torch.Generator().manual_seed(9)
    made.encoder += 0.1 * torch.randn(made.encoder.shape, generator=chance)
    made.encoder_bias += 0.1 * torch.randn(made.encoder_bias.shape, generator=chance)
    made.begin(raw)
    return made


class Jump(torch.autograd.Function):
    """z H(z - theta) with the straight-through derivative, as the paper's equations give it, element by element."""

    @staticmethod
    def forward(context: Any, z: Tensor, theta: Tensor) -> Tensor:
        context.save_for_backward(z, theta)
        return z * (z > theta)

    @staticmethod
    def backward(context: Any, slope: Tensor) -> tuple[Tensor, Tensor]:
        z, theta = context.saved_tensors
        kernel = (((z - theta) / jumprelu.BANDWIDTH).abs() < 0.5).float()
        return slope * (z > theta), (-slope * theta / jumprelu.BANDWIDTH * kernel).sum(dim=0)


class Step(torch.autograd.Function):
    """H(z - theta), whose derivative reaches theta only."""

    @staticmethod
    def forward(context: Any, z: Tensor, theta: Tensor) -> Tensor:
        context.save_for_backward(z, theta)
        return (z > theta).float()

    @staticmethod
    def backward(context: Any, slope: Tensor) -> tuple[None, Tensor]:
        z, theta = context.saved_tensors
        kernel = (((z - theta) / jumprelu.BANDWIDTH).abs() < 0.5).float()
        return None, (-slope / jumprelu.BANDWIDTH * kernel).sum(dim=0)


def dense_loss(made: Trainer, raw: Tensor, parameters: dict[str, Tensor], progress: float) -> Tensor:
    """The loss as its docstrings state it, through dense matrices."""
    encoder, decoder, bias = parameters["encoder"], parameters["decoder"], parameters["decoder_bias"]
    inputs = raw * SCALE
    before = (inputs - bias) @ encoder.T + parameters["encoder_bias"]
    warm = min(1.0, progress / trainer.WARM_UP_SHARE)
    if made.architecture == "jumprelu":
        theta = (jumprelu.PACE * parameters["height"]).exp()
        codes = Jump.apply(before, theta)
        l0 = Step.apply(before, theta).sum(dim=1).mean()
        return squares(codes @ decoder + bias - inputs) + 16 * warm * (l0 / 4 - 1) ** 2
    if made.architecture == "relu":
        codes = before.relu()
        return squares(codes @ decoder + bias - inputs) + warm * made.recipe.l1 * codes.sum(dim=1).mean()
    if made.architecture == "topk":
        values, latents = before.topk(4, dim=1)
        codes = torch.zeros_like(before).scatter(1, latents, values.relu())
    else:
        border = before.flatten().topk(4 * len(raw)).values[-1]
        codes = before * (before >= border) * (before > 0)
    sizes = (4, 16, 64) if made.architecture == "matryoshka" else (64,)
    return torch.stack([squares(codes[:, :m] @ decoder[:m] + bias - inputs) for m in sizes]).mean()


def squares(error: Tensor) -> Tensor:
    return error.square().sum(dim=1).mean()


@pytest.mark.parametrize("progress", [0.05, 0.5])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradients_equal_autograd(architecture: str, progress: float) -> None:
    raw = activations(50).float()
    made = fresh(architecture, raw)
    parameters = {name: value.clone().requires_grad_() for name, value in made.parameters.items()}
    dense_loss(made, raw, parameters, progress).backward()
    expected = {name: value.grad for name, value in parameters.items()}
    rows = expected["decoder"]
    assert rows is not None
    decoder = parameters["decoder"].detach()
    expected["decoder"] = rows - (rows * decoder).sum(dim=1, keepdim=True) * decoder
    made.step(raw, learning_rate=0.0, progress=progress)
    for name, parameter in made.parameters.items():
        assert expected[name] is not None
        assert expected[name].abs().max() > 0
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-4, atol=1e-5)


def test_dead_latents_get_the_gradient_of_the_auxiliary_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "AUX_K", 8)
    raw = activations(50).float()
    made = fresh("topk", raw)
    made.encoder_bias[:32] -= 2.0  # rarely above 0
    made.encoder_bias[32:] += 8.0  # which keeps the others out of the top k
    made.silent[:32] = trainer.DEAD_AFTER + 1
    parameters = {name: value.clone().requires_grad_() for name, value in made.parameters.items()}
    inputs = raw * SCALE
    before = (inputs - parameters["decoder_bias"]) @ parameters["encoder"].T + parameters["encoder_bias"]
    values, latents = before.topk(4, dim=1)
    assert not (latents[values > 0] < 32).any()
    codes = torch.zeros_like(before).scatter(1, latents, values.relu())
    error = codes @ parameters["decoder"] + parameters["decoder_bias"] - inputs
    values, latents = before[:, :32].topk(8, dim=1)
    assert (values > 0).any()
    revived = torch.zeros_like(before).scatter(1, latents, values.relu()) @ parameters["decoder"]
    (squares(error) + trainer.AUX_WEIGHT * squares(revived + error.detach())).backward()
    made.step(raw, learning_rate=0.0, progress=0.5)
    for name in ("encoder", "encoder_bias", "decoder_bias"):
        torch.testing.assert_close(made.parameters[name].grad, parameters[name].grad, rtol=1e-4, atol=1e-5)
    assert made.encoder.grad is not None
    assert made.encoder.grad[:32].any()


@pytest.mark.parametrize("dense_from", [0.0, 1.0])
def test_the_product_with_sparse_codes_is_the_sum_it_says_by_either_way(
    dense_from: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sparse, "DENSE_FROM", dense_from)
    codes = Codes(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 2, 2, 1]), torch.tensor([1.0, 2.0, 3.0, 4.0]), 2)
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    expected = torch.tensor([[1.0, 0.0], [0.0, 4.0], [2.0, 3.0], [0.0, 0.0]])
    torch.testing.assert_close(ByLatent(codes, 4).product(codes.values, rows), expected)


@pytest.mark.parametrize("guess", [0.0, 0.7, 5.0])
def test_the_strongest_pairs_of_a_batch_are_found_whatever_was_guessed(guess: float) -> None:
    before = torch.randn(30, 40, generator=torch.Generator().manual_seed(4))
    codes = strongest(before, 90, above=guess)
    border = before.flatten().sort(descending=True).values[89]
    assert torch.equal(torch.stack([codes.tokens, codes.latents], dim=1), torch.nonzero(before >= border))
    assert torch.equal(codes.values, before[before >= border])


def test_fewer_pairs_fire_where_fewer_are_above_zero() -> None:
    codes = strongest(torch.tensor([[1.0, -1.0], [-2.0, 0.0]]), 3, above=0.5)
    assert (codes.tokens.tolist(), codes.latents.tolist()) == ([0], [0])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_interrupted_training_ends_with_the_same_weights(
    architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_STEPS", 5)
    monkeypatch.setattr(trainer, "DEAD_AFTER", 300)
    how, rows = recipe(architecture), activations(600)
    straight = train(how, rows, tmp_path / "straight", say=lambda line: None)

    class Interrupted(Exception):
        pass

    def interrupt(line: str) -> None:
        if "step 10 " in line:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(how, rows, tmp_path / "broken", say=interrupt)
    steps: list[str] = []
    resumed = train(how, rows, tmp_path / "broken", say=steps.append)
    assert [line.split()[2] for line in steps] == ["15", "18"]
    again = train(how, rows, tmp_path / "broken", say=lambda line: pytest.fail("it was finished"))
    for other in (resumed, again):
        assert other.coder.configuration() == straight.coder.configuration()
        for name, tensor in {**straight.coder.latent_tensors(), **straight.coder.shared_tensors()}.items():
            assert torch.equal({**other.coder.latent_tensors(), **other.coder.shared_tensors()}[name], tensor), name


@pytest.mark.parametrize(
    ("architecture", "reached"),
    [("topk", 0.68), ("batchtopk", 0.65), ("matryoshka", 0.65), ("jumprelu", 0.68), ("relu", 0.85)],
)
def test_training_explains_raw_activations_with_unit_norm_rows(
    architecture: str, reached: float, tmp_path: Path
) -> None:
    rows, unseen = activations(4000)[:3000], activations(4000)[3000:]
    how = recipe(architecture, epochs=20, l1=0.3)
    before = reconstruction(new_trainer(how, spread_of(rows)).coder(), unseen) if architecture == "topk" else None
    trained = train(how, rows, tmp_path / "c", say=lambda line: None)
    after = reconstruction(trained.coder, unseen)
    assert after.fve > reached
    assert before is None or before.fve < 0.5
    torch.testing.assert_close(trained.coder.decoder.norm(dim=1), torch.ones(64))
    if architecture != "relu":
        assert after.l0 == pytest.approx(4, abs=0.8)


def test_more_l1_lets_fewer_latents_fire(tmp_path: Path) -> None:
    l0 = []
    for l1 in (0.1, 1.0, 4.0):
        trained = train(recipe("relu", l1=l1, epochs=5), activations(), tmp_path / f"{l1}", say=lambda line: None)
        l0.append(reconstruction(trained.coder, activations()).l0)
    assert l0[0] > l0[1] > l0[2] > 0


def test_at_inference_the_running_threshold_takes_the_place_of_the_batch(tmp_path: Path) -> None:
    made = BatchTopKTrainer(recipe("batchtopk"), spread_of(activations()))
    weakest = []
    for rows in activations().split(100):
        made.step(rows, learning_rate=0.0, progress=0.5)
        centred = rows.float() * made.scale - made.decoder_bias
        weakest.append(float((centred @ made.encoder.T + made.encoder_bias).flatten().topk(400).values[-1]))
    running = weakest[0]
    for value in weakest[1:]:
        running += 0.01 * (value - running)
    assert float(made.threshold) == pytest.approx(running, rel=1e-4)
    assert made.coder().configuration()["threshold"] == pytest.approx(running / made.scale, rel=1e-4)


def test_the_groups_of_a_matryoshka_are_its_prefixes() -> None:
    made = MatryoshkaTrainer(recipe("matryoshka"), spread_of(activations()))
    assert made.nested_sizes == [4, 16, 64]
    assert made.coder().configuration()["group_sizes"] == (4, 12, 48)


def test_jumprelu_begins_with_as_many_firing_latents_as_asked_for() -> None:
    made = JumpReluTrainer(recipe("jumprelu"), spread_of(activations()))
    raw = activations(100)
    made.begin(raw)
    centred = raw.float() * made.scale - made.decoder_bias
    assert len(made.fire(centred @ made.encoder.T).values) == pytest.approx(400, abs=4)


def test_the_spread_is_that_of_all_rows() -> None:
    rows = activations(500)
    spread = spread_of(rows)
    torch.testing.assert_close(spread.mean, rows.double().mean(dim=0).float())
    assert float((rows.float() * spread.scale).square().mean()) == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"architecture": "vanilla"}, "not known"),
        ({"k": 65}, "only 64 latents"),
        ({"epochs": 0}, "above 0"),
        ({"learning_rate": float("nan")}, "above 0"),
    ],
)
def test_a_recipe_without_sense_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRecipe, match=reason):
        recipe(**{"architecture": "topk", **changes})
