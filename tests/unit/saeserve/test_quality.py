"""Every figure of reconstruction, and the model's loss with an SAE spliced in, computed a second time by hand."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from saeserve.coders.relu import ReLU
from saeserve.coders.transcoder import Transcoder
from saeserve.fit import Fit
from saeserve.hook_points import HookPoint
from saeserve.language_model import LanguageModel
from saeserve.quality import Splice, by_mean, by_sae, next_token, reconstruction
from saeserve.sinks import Sinks
from saeserve.windows import Window, batches, cut
from tests.unit.saeserve import tiny

TEXTS = [record["text"] for record in tiny.documents(4, seed=99)]
NO_SINKS = Sinks(math.inf, HookPoint(tiny.HOOK_POINT))


def random_coder(width: int, latents: int, output_width: int) -> ReLU:
    chance = torch.Generator().manual_seed(1)
    return ReLU(
        W_enc=torch.randn(width, latents, generator=chance),
        b_enc=torch.randn(latents, generator=chance),
        W_dec=torch.randn(latents, output_width, generator=chance) / latents,
        b_dec=torch.randn(output_width, generator=chance),
        subtract_b_dec=width == output_width,
    )


def test_figures_are_those_of_their_definitions() -> None:
    chance = torch.Generator().manual_seed(2)
    read, written = torch.randn(2_500, 6, generator=chance), torch.randn(2_500, 4, generator=chance) + 3
    coder = Transcoder(random_coder(6, 9, 4))
    found = reconstruction(coder, read, written)
    inner = coder.inner
    x, y = read.double().numpy(), written.double().numpy()
    latents = np.maximum(x @ inner.W_enc.double().numpy() + inner.b_enc.double().numpy(), 0)  # type: ignore[attr-defined]
    rebuilt = latents @ inner.W_dec.double().numpy() + inner.b_dec.double().numpy()
    assert found.fve == pytest.approx(1 - ((y - rebuilt) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum(), rel=1e-5)
    assert found.norm_ratio == pytest.approx(
        np.linalg.norm(rebuilt, axis=1).mean() / np.linalg.norm(y, axis=1).mean(), rel=1e-5
    )
    assert found.l0 == (latents > 0).sum() / 2_500
    assert found.firings.tolist() == (latents > 0).sum(axis=0).tolist()
    assert found.dead == int((latents > 0).sum(axis=0).tolist().count(0))
    assert found.typical_power == round(math.log2(np.sort(latents[latents > 0])[((latents > 0).sum() - 1) // 2]))


def test_a_coder_that_never_fires_and_activations_that_never_vary_give_zeros() -> None:
    coder = random_coder(3, 5, 3)
    silent = replace(coder, W_enc=torch.zeros(3, 5), b_enc=-torch.ones(5))
    found = reconstruction(silent, torch.zeros(7, 3))
    assert (found.fve, found.l0, found.norm_ratio, found.typical_power, found.dead) == (0.0, 0.0, 0.0, 0, 5)


@contextmanager
def module_in_place(network: Any, path: str, made: Callable[[Any], nn.Module]) -> Iterator[None]:
    """Another module where one stands: no hook is involved."""
    parent, _, name = path.rpartition(".")
    original = network.get_submodule(path)
    setattr(network.get_submodule(parent), name, made(original))
    try:
        yield
    finally:
        setattr(network.get_submodule(parent), name, original)


class Rewritten(nn.Module):
    """A module whose output at real positions is computed from what `rebuild` is given."""

    def __init__(self, original: nn.Module, rebuild: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.original, self._rebuild = original, rebuild

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("original"), name)

    def forward(self, x: Tensor, *rest: Any, **named: Any) -> Tensor:
        output = self.original(x, *rest, **named)
        return torch.cat([output[:, :1], self._rebuild(x[0, 1:], output[0, 1:])[None]], dim=1)


def loss_by_hand(model: LanguageModel, windows: list[Window]) -> float:
    """One window at a time, without padding; the token after the front token is not predicted."""
    losses: list[float] = []
    for window in windows:
        ids = torch.tensor([[*model.front, *window.ids.tolist()]])
        with torch.inference_mode():
            logits = model.network(ids).logits[0]
        first = max(1, window.counted_from)
        targets = ids[0, 1 + first :]
        losses += torch.nn.functional.cross_entropy(logits[first:-1], targets, reduction="none").tolist()
    return sum(losses) / len(losses)


@pytest.fixture(scope="module")
def windows(fit: Fit) -> list[Window]:
    found = list(cut(TEXTS, fit.model.tokenizer, context_tokens=60, overlap_tokens=10))
    assert any(window.counted_from for window in found)
    assert len({len(window) for window in found}) > 1, "some are padded"
    return found


def test_plain_cross_entropy_counts_every_token_once(fit: Fit, windows: list[Window]) -> None:
    found = next_token(fit.model, batches(windows, model=fit.model))
    assert found.tokens == sum(window.counted for window in windows) - sum(w.counted_from == 0 for w in windows)
    assert found.mean == pytest.approx(loss_by_hand(fit.model, windows), rel=1e-4)


def test_an_sae_spliced_in_gives_the_loss_of_a_model_with_that_block_rewritten(fit: Fit, windows: list[Window]) -> None:
    coder = fit.sae.coder
    splice = Splice(fit.point, fit.output_point, NO_SINKS, by_sae(coder))
    found = next_token(fit.model, batches(windows, model=fit.model), splice)

    def rewritten(block: Any) -> nn.Module:
        return Rewritten(block, lambda _read, output: coder.decode(coder.encode(output), output))

    with module_in_place(fit.model.network, fit.point.path, rewritten):
        assert found.mean == pytest.approx(loss_by_hand(fit.model, windows), rel=1e-4)
    assert found.mean != pytest.approx(loss_by_hand(fit.model, windows), rel=1e-3)


def test_a_transcoder_reads_at_one_point_and_writes_at_another(fit: Fit, windows: list[Window]) -> None:
    coder = Transcoder(random_coder(tiny.WIDTH, 64, tiny.WIDTH))
    path = "model.layers.1.mlp"
    splice = Splice(HookPoint(path, "input"), HookPoint(path), NO_SINKS, by_sae(coder))
    found = next_token(fit.model, batches(windows, model=fit.model), splice)

    def rewritten(mlp: Any) -> nn.Module:
        return Rewritten(mlp, lambda read, _output: coder.decode(coder.encode(read), read))

    with module_in_place(fit.model.network, path, rewritten):
        assert found.mean == pytest.approx(loss_by_hand(fit.model, windows), rel=1e-4)
    assert found.mean != pytest.approx(loss_by_hand(fit.model, windows), rel=1e-3)


def test_an_ablation_puts_the_mean_everywhere(fit: Fit, windows: list[Window]) -> None:
    written = torch.randn(50, tiny.WIDTH, generator=torch.Generator().manual_seed(3))
    splice = Splice(fit.point, fit.output_point, NO_SINKS, by_mean(written))
    found = next_token(fit.model, batches(windows, model=fit.model), splice)

    def rewritten(block: Any) -> nn.Module:
        return Rewritten(block, lambda _read, output: written.mean(dim=0).expand_as(output))

    with module_in_place(fit.model.network, fit.point.path, rewritten):
        assert found.mean == pytest.approx(loss_by_hand(fit.model, windows), rel=1e-4)


def test_sinks_stay_as_they_are(fit: Fit, windows: list[Window]) -> None:
    all_are_sinks = Splice(fit.point, fit.output_point, Sinks(0.0, fit.point), by_sae(fit.sae.coder))
    plain = next_token(fit.model, batches(windows, model=fit.model))
    assert next_token(fit.model, batches(windows, model=fit.model), all_are_sinks) == plain


def test_the_network_is_left_as_it_was(fit: Fit, windows: list[Window]) -> None:
    before = next_token(fit.model, batches(windows, model=fit.model))
    next_token(
        fit.model,
        batches(windows, model=fit.model),
        Splice(fit.point, fit.output_point, NO_SINKS, by_sae(fit.sae.coder)),
    )
    assert next_token(fit.model, batches(windows, model=fit.model)) == before
