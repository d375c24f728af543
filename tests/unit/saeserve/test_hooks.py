"""Activations are caught where the name says, and the forward pass goes no further than it must."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from saeserve.hook_points import HookPoint, NoSuchHookPoint, resolve
from saeserve.hooks import capture, replaced
from saeserve.language_model import LanguageModel

IDS = torch.tensor([[0, 5, 9, 300, 17]])


class TupleBlock(nn.Module):
    """A block that returns a tuple, as blocks did in older versions of transformers, and adds in place."""

    def forward(self, *, hidden_states: Tensor, cache: str) -> tuple[Tensor, str]:
        hidden_states += 1
        return hidden_states, cache


class TupleModel(nn.Module):
    """Calls its blocks by keyword; `never` does not run."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.never = TupleBlock(), TupleBlock(), nn.Identity()

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None, use_cache: bool) -> Tensor:
        stream = input_ids.float()[..., None]
        stream, _ = self.first(cache="cache", hidden_states=stream)
        return self.second(cache="cache", hidden_states=stream)[0]


@contextmanager
def recorded(network: Any, *paths: str) -> Iterator[list[str]]:
    """The modules that run, in order."""
    ran: list[str] = []
    handles = [
        network.get_submodule(path).register_forward_pre_hook(lambda *_, path=path: ran.append(path)) for path in paths
    ]
    try:
        yield ran
    finally:
        for handle in handles:
            handle.remove()


def test_several_points_are_caught_in_one_pass_in_the_order_asked_for(model: LanguageModel) -> None:
    points = [HookPoint(path) for path in ("model.layers.2", "model.layers.0", "model.layers.2.mlp", "model.layers.0")]
    with recorded(model.network, "model.embed_tokens") as ran:
        together = capture(model.network, points, IDS, None)
    assert ran == ["model.embed_tokens"]
    for point, caught in zip(points, together, strict=True):
        torch.testing.assert_close(caught, capture(model.network, [point], IDS, None)[0], rtol=0, atol=0)


def test_nothing_after_the_deepest_point_runs(model: LanguageModel) -> None:
    paths = ("model.layers.0", "model.layers.1", "model.layers.1.mlp", "model.layers.2", "model.norm", "lm_head")
    with recorded(model.network, *paths) as ran:
        capture(model.network, [HookPoint("model.layers.1"), HookPoint("model.layers.0")], IDS, None)
        assert ran == ["model.layers.0", "model.layers.1", "model.layers.1.mlp"]
        ran.clear()
        capture(model.network, [HookPoint("model.layers.1.post_attention_layernorm", "input")], IDS, None)
        assert ran == ["model.layers.0", "model.layers.1"]


def test_a_module_that_never_runs_is_refused_and_leaves_no_hook() -> None:
    network = TupleModel()
    with pytest.raises(NoSuchHookPoint, match="never reaches never; choose a module that runs"):
        capture(network, [HookPoint("first"), HookPoint("never")], IDS, None)
    assert not network.first._forward_hooks
    assert not network.never._forward_hooks


def test_tuples_keywords_and_sums_in_place_are_understood() -> None:
    network, ids = TupleModel(), IDS.float()[..., None]
    points = [HookPoint("first", "input"), HookPoint("first"), HookPoint("second", "input"), HookPoint("second")]
    for caught, added in zip(capture(network, points, IDS, None), (0, 1, 1, 2), strict=True):
        torch.testing.assert_close(caught, ids + added)


@pytest.mark.parametrize(("side", "result"), [("output", 0), ("input", 1)])
def test_a_replaced_activation_is_all_that_later_modules_see(side: str, result: int) -> None:
    network = TupleModel()
    with replaced(network, HookPoint("second", side), torch.zeros_like):
        assert (network(IDS, None, False) == result).all()
    assert (network(IDS, None, False) == IDS[..., None] + 2).all()


def test_replacing_a_normalized_value_passes_it_through_the_weight(model: LanguageModel) -> None:
    point = HookPoint("model.layers.1.post_attention_layernorm", "normalized")
    norm = model.network.get_submodule(point.path)
    with replaced(model.network, point, torch.ones_like):
        (into,) = capture(model.network, [HookPoint("model.layers.1.mlp", "input")], IDS, None)
    torch.testing.assert_close(into, norm.weight.expand_as(into))


def test_what_is_replaced_with_itself_changes_nothing(model: LanguageModel) -> None:
    plain = model.network(input_ids=IDS).logits
    with replaced(model.network, HookPoint("model.layers.1"), lambda output: output.clone()):
        torch.testing.assert_close(model.network(input_ids=IDS).logits, plain, rtol=0, atol=0)


def test_hooks_are_gone_afterwards(model: LanguageModel) -> None:
    hooks = model.network.get_submodule("model.layers.1")._forward_hooks
    before = list(hooks)  # transformers may hold one of its own
    capture(model.network, [HookPoint("model.layers.1")], IDS, None)
    with replaced(model.network, HookPoint("model.layers.1"), lambda output: output):
        assert len(hooks) == len(before) + 1
    assert list(hooks) == before


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("blocks.1.hook_resid_post", "model.layers.1"),
        ("model.layers.1", "model.layers.1"),
        ("layers.1.mlp", "model.layers.1.mlp"),
        ("model.language_model.layers.1.mlp:input", "model.layers.1.mlp:input"),
        ("language_model.model.layers.1", "model.layers.1"),
        ("blocks.1.ln2.hook_normalized", "model.layers.1.post_attention_layernorm:normalized"),
    ],
)
def test_every_notation_leads_to_the_same_place(model: LanguageModel, name: str, path: str) -> None:
    assert str(resolve(model.network, name)) == path


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("model.layers.4", "4 blocks, 0 to 3, .* nearest .* model.layers.3"),
        ("blocks.4.hook_resid_post", "nearest .* blocks.3.hook_resid_post"),
        ("blocks.1.hook_z", "nearest .* blocks.1.attn.hook_z"),
        ("", "nearest .* model.layers.2"),
        ("layers.1.attention", "nearest .* model.layers.1.self_attn"),
        ("transformer.h.1", "has no hook point"),
        ("model.layers.1:outputs", "is no side of a module"),
        ("model.layers.1.mlp:normalized", "is no norm"),
    ],
)
def test_a_hook_point_that_does_not_exist_is_refused(model: LanguageModel, name: str, sentence: str) -> None:
    with pytest.raises(NoSuchHookPoint, match=sentence):
        resolve(model.network, name)
