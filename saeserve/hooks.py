"""Read or replace the activations at points of a network, by forward hooks only.

Never `hidden_states[-1]`, which is taken after the final norm.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

from saeserve.block_parts import INPUT, NORMALIZED, OUTPUT
from saeserve.hook_points import HookPoint, NoSuchHookPoint
from saeserve.norms import normalized, weighted


class _Reached(Exception):
    """Ends a forward pass when the last point is caught: nothing after it is needed."""


@torch.inference_mode()
def capture(network: Any, points: Sequence[HookPoint], ids: Tensor, mask: Tensor | None) -> list[Tensor]:
    """Activations [batch, position, width] at each point, in the order of the points; the forward pass stops there.

    ids: [batch, position] token ids. mask: [batch, position], 1 for real tokens; None where nothing is padded.
    Of a module that runs more than once, the first run counts. Raises NoSuchHookPoint where a module never runs.
    """
    caught: dict[HookPoint, Tensor] = {}
    wanted = set(points)

    def keep(point: HookPoint, activation: Tensor) -> None:
        if point in caught:
            return
        # Some networks add to the residual stream in place, so what is kept while they run on is a copy.
        caught[point] = activation if len(caught) + 1 == len(wanted) else activation.clone()
        if len(caught) == len(wanted):
            raise _Reached

    with ExitStack() as hooks:
        for point in wanted:
            hooks.callback(_listen(network, point, keep).remove)
        try:
            run(network, ids, mask)
        except _Reached:
            return [caught[point] for point in points]
    never = ", ".join(sorted(str(point) for point in wanted - set(caught)))
    raise NoSuchHookPoint(f"A forward pass of the model never reaches {never}; choose a module that runs.")


@contextmanager
def replaced(network: Any, point: HookPoint, replace: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """While inside, the activation at `point` is what `replace` makes of it; later modules see only that."""
    module = network.get_submodule(point.path)

    def swap_output(_module: Any, _inputs: Any, output: Any) -> Any:
        new = replace(_tensor(output))
        return (new, *output[1:]) if isinstance(output, tuple) else new

    def swap_input(_module: Any, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if inputs:
            return (replace(inputs[0]), *inputs[1:]), named
        name = _input_name(named)
        return inputs, {**named, name: replace(named[name])}

    def swap_normalized(_module: Any, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        return weighted(module, replace(normalized(module, inputs[0]))).to(output.dtype)

    if point.side == INPUT:
        handle = module.register_forward_pre_hook(swap_input, with_kwargs=True)
    else:
        handle = module.register_forward_hook(swap_output if point.side == OUTPUT else swap_normalized)
    try:
        yield
    finally:
        handle.remove()


def run(network: Any, ids: Tensor, mask: Tensor | None) -> Any:
    """One forward pass without a cache of keys and values. Padding is on the right, so positions count from 0."""
    return network(input_ids=ids, attention_mask=mask, use_cache=False)


def _listen(network: Any, point: HookPoint, keep: Callable[[HookPoint, Tensor], None]) -> Any:
    module = network.get_submodule(point.path)
    if point.side == OUTPUT:
        return module.register_forward_hook(lambda _module, _inputs, output: keep(point, _tensor(output)))

    def before(_module: Any, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        given = _input(inputs, named)
        keep(point, normalized(module, given) if point.side == NORMALIZED else given)

    return module.register_forward_pre_hook(before, with_kwargs=True)


def _input(inputs: tuple[Any, ...], named: Mapping[str, Any]) -> Tensor:
    """Modules are called with their input first or by keyword."""
    return inputs[0] if inputs else named[_input_name(named)]


def _input_name(named: Mapping[str, Any]) -> str:
    return "hidden_states" if "hidden_states" in named else next(iter(named))


def _tensor(output: Any) -> Tensor:
    """Blocks return a tensor in newer versions of transformers and a tuple that begins with it in older ones."""
    return output[0] if isinstance(output, tuple) else output
