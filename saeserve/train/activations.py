"""The activations that an SAE is trained on: computed once, kept on disk in parts, so that a restart costs little."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor

from saeserve.artifacts import write_atomically
from saeserve.hooks import capture
from saeserve.language_model import LanguageModel
from saeserve.sinks import Sinks
from saeserve.windows import Batch, Window, batches

PART_WINDOWS = 64
Say = Callable[[str], None]


@dataclass(frozen=True)
class Activations:
    """Activations of real tokens at one hook point, sinks left out."""

    values: Float[Tensor, "token width"]
    """float16, raw."""
    dropped: int
    """Tokens left out by norm."""


def real_activations(model: LanguageModel, path: str, batch: Batch) -> Float[Tensor, "token width"]:
    """Activations of a batch's real tokens, window by window; the front token and the padding are left out."""
    caught = capture(model.network, path, batch.ids, batch.mask)
    return torch.cat([caught[row, 1 : 1 + len(window)] for row, window in enumerate(batch.windows)])


def cached_activations(
    model: LanguageModel, path: str, windows: list[Window], sinks: Sinks, folder: Path, *, say: Say
) -> Activations:
    """Activations of all windows, from `folder` where an earlier call left them."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [windows[first : first + PART_WINDOWS] for first in range(0, len(windows), PART_WINDOWS)]
    held, dropped = [], 0
    for number, part in enumerate(parts):
        values = _part(model, path, part, sinks, folder / f"{_key(part)}.safetensors")
        held.append(values)
        dropped += sum(map(len, part)) - len(values)
        say(f"activations: part {number + 1} of {len(parts)}")
    return Activations(torch.cat(held), dropped)


def _part(model: LanguageModel, path: str, part: list[Window], sinks: Sinks, file: Path) -> Tensor:
    if file.is_file():
        return load_file(file)["activations"]
    caught = torch.cat(
        [real_activations(model, path, b) for b in batches(part, front_token=model.front_token, device=model.device)]
    )
    values = caught[sinks.keep(caught)].half().cpu()
    write_atomically(file, lambda aside: save_file({"activations": values}, aside))
    return values


def _key(windows: list[Window]) -> str:
    digest = hashlib.sha256()
    for window in windows:
        digest.update(window.ids.tobytes() + b"\n")
    return digest.hexdigest()[:32]
