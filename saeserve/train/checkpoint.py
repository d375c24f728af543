"""Where a training stands, in one file: a training that goes on from it ends with the same weights, bit by bit."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from saeserve.artifacts import write_atomically
from saeserve.refusal import Refusal
from saeserve.train.trainer import Trainer


class BadCheckpoint(Refusal):
    """The checkpoint is damaged, or another version wrote it."""


def save(trainer: Trainer, path: Path, *, step: int, seconds: float) -> None:
    """`seconds`: spent on training so far, over all sittings."""
    state = {f"parameter.{name}": parameter for name, parameter in trainer.parameters.items()}
    for name, parameter in trainer.parameters.items():
        state |= {f"{kind}.{name}": value for kind, value in trainer.optimiser.state[parameter].items()}
    state |= {f"extra.{name}": value for name, value in trainer.extras.items()}
    state |= {"done": torch.tensor(step), "seconds": torch.tensor(seconds, dtype=torch.float64)}
    write_atomically(path, lambda aside: save_file(state, aside))


def restore(trainer: Trainer, path: Path) -> tuple[int, float]:
    """Continue from a checkpoint. Returns steps done and seconds spent, 0 and 0 without one. Raises BadCheckpoint."""
    if not path.is_file():
        return 0, 0.0
    try:
        return _restore(trainer, load_file(path))
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise BadCheckpoint(
            f"The checkpoint {path} does not fit this training ({error}); delete it to start over."
        ) from error


def _restore(trainer: Trainer, state: dict[str, Tensor]) -> tuple[int, float]:
    for name, parameter in trainer.parameters.items():
        parameter.copy_(state[f"parameter.{name}"])
        moments = {kind: state[f"{kind}.{name}"] for kind in ("step", "exp_avg", "exp_avg_sq")}
        trainer.optimiser.state[parameter] = {kind: value.to(parameter.device) for kind, value in moments.items()}
    for name, extra in trainer.extras.items():
        extra.copy_(state[f"extra.{name}"])
    return int(state["done"]), float(state["seconds"])
