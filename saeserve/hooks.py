"""Read or replace the activations at one point of a network, by forward hooks.

A hook point is a module path in transformers, e.g. `model.layers.15`, meaning that module's output. Never
`hidden_states[-1]`, which is taken after the final norm.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from saeserve.refusal import Refusal

RESIDUAL_AFTER = re.compile(r"blocks\.(\d+)\.hook_resid_post")
"""TransformerLens' name for the residual stream after a block."""
BLOCK_LISTS = ("model.layers", "transformer.h", "gpt_neox.layers")
"""Where the model families keep their blocks."""


class NoSuchHookPoint(Refusal):
    """The model has no module of that name."""


class _Reached(Exception):
    """Ends a forward pass at the hooked module: nothing after it is needed."""


def module_path(network: Any, hook_point: str) -> str:
    """The transformers module path of a hook point given as such a path or as `blocks.N.hook_resid_post`."""
    modules = dict(network.named_modules())
    if hook_point in modules and hook_point:
        return hook_point
    block = RESIDUAL_AFTER.fullmatch(hook_point)
    candidates = [f"{blocks}.{block.group(1)}" for blocks in BLOCK_LISTS] if block else []
    for path in candidates:
        if path in modules:
            return path
    count = max((len(modules[blocks]) for blocks in BLOCK_LISTS if blocks in modules), default=0)
    raise NoSuchHookPoint(
        f"The model has no hook point {hook_point!r}; name a module of it, such as one of its {count} blocks "
        "(model.layers.N or blocks.N.hook_resid_post)."
    )


@torch.inference_mode()
def capture(network: Any, path: str, ids: Tensor, mask: Tensor | None) -> Tensor:
    """Output of module `path`, [batch, position, width]; the forward pass stops there.

    ids: [batch, position] token ids. mask: [batch, position], 1 for real tokens; None where nothing is padded.
    """
    caught: list[Tensor] = []

    def keep(_module: Any, _inputs: Any, output: Any) -> None:
        caught.append(_tensor(output))
        raise _Reached

    handle = network.get_submodule(path).register_forward_hook(keep)
    try:
        network(input_ids=ids, attention_mask=mask, use_cache=False)
    except _Reached:
        return caught[0]
    finally:
        handle.remove()
    raise NoSuchHookPoint(f"The forward pass never reaches {path!r}; choose a module that runs.")


@contextmanager
def replaced(network: Any, path: str, replace: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """While inside, the output of module `path` is what `replace` makes of it."""

    def swap(_module: Any, _inputs: Any, output: Any) -> Any:
        new = replace(_tensor(output))
        return (new, *output[1:]) if isinstance(output, tuple) else new

    handle = network.get_submodule(path).register_forward_hook(swap)
    try:
        yield
    finally:
        handle.remove()


def _tensor(output: Any) -> Tensor:
    """Blocks return a tensor in newer versions of transformers and a tuple that begins with it in older ones."""
    return output[0] if isinstance(output, tuple) else output
