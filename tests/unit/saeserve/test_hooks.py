"""Activations are caught where the name says, and the forward pass goes no further than it must."""

import pytest
import torch
from torch import Tensor, nn

from saeserve.fit import Fit
from saeserve.hooks import NoSuchHookPoint, capture, module_path, replaced

IDS = torch.tensor([[0, 5, 9, 300, 17]])


class TupleBlock(nn.Module):
    """A block that returns a tuple, as blocks did in older versions of transformers."""

    def forward(self, x: Tensor) -> tuple[Tensor, str]:
        return x * 2, "cache"


class TupleModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.block = TupleBlock()

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None, use_cache: bool) -> Tensor:
        return self.block(input_ids.float()[..., None])[0] + 1


def test_a_block_gives_the_hidden_state_after_it(fit: Fit) -> None:
    states = fit.model.network(input_ids=IDS, output_hidden_states=True).hidden_states
    torch.testing.assert_close(capture(fit.model.network, "model.layers.1", IDS, None), states[2], rtol=0, atol=0)


def test_the_last_block_is_taken_before_the_final_norm(fit: Fit) -> None:
    states = fit.model.network(input_ids=IDS, output_hidden_states=True).hidden_states
    caught = capture(fit.model.network, "model.layers.3", IDS, None)
    assert not torch.allclose(caught, states[-1])
    torch.testing.assert_close(fit.model.network.model.norm(caught), states[-1])


def test_nothing_after_the_hooked_block_runs(fit: Fit) -> None:
    ran: list[str] = []
    handles = [
        fit.model.network.get_submodule(name).register_forward_pre_hook(lambda *_, name=name: ran.append(name))
        for name in ("model.layers.1", "model.layers.2", "lm_head")
    ]
    capture(fit.model.network, "model.layers.1", IDS, None)
    for handle in handles:
        handle.remove()
    assert ran == ["model.layers.1"]


def test_tuples_and_tensors_are_both_understood() -> None:
    model = TupleModel()
    torch.testing.assert_close(capture(model, "block", IDS, None), IDS.float()[..., None] * 2)
    with replaced(model, "block", lambda output: output * 0):
        assert (model(input_ids=IDS, attention_mask=None, use_cache=False) == 1).all()
    assert (model(input_ids=IDS, attention_mask=None, use_cache=False) != 1).any()


def test_both_naming_schemes_lead_to_the_same_module(fit: Fit) -> None:
    assert module_path(fit.model.network, "blocks.1.hook_resid_post") == "model.layers.1"
    assert module_path(fit.model.network, "model.layers.1") == "model.layers.1"


@pytest.mark.parametrize("name", ["model.layers.4", "blocks.4.hook_resid_post", "blocks.1.hook_z", ""])
def test_a_hook_point_that_does_not_exist_is_refused(fit: Fit, name: str) -> None:
    with pytest.raises(NoSuchHookPoint, match="one of its 4 blocks"):
        module_path(fit.model.network, name)


def test_hooks_are_gone_afterwards(fit: Fit) -> None:
    hooks = fit.model.network.get_submodule("model.layers.1")._forward_hooks
    before = list(hooks)  # transformers may hold one of its own
    capture(fit.model.network, "model.layers.1", IDS, None)
    with replaced(fit.model.network, "model.layers.1", lambda output: output):
        assert len(hooks) == len(before) + 1
    assert list(hooks) == before
