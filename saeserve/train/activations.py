"""The activations that SAEs are trained on: computed once at all hook points, kept on disk in parts."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor

from saeserve.artifacts import read_json, write_atomically, write_json
from saeserve.hook_points import HookPoint
from saeserve.hooks import capture
from saeserve.language_model import LanguageModel
from saeserve.sinks import Sinks
from saeserve.windows import Window, batches

PART_WINDOWS = 64
SECONDS_FILE = "seconds.json"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where activations are taken, and where they are kept."""

    point: HookPoint
    sinks: Sinks
    folder: Path


@dataclass(frozen=True)
class Activations:
    """Activations of the documents' tokens at one hook point, sinks left out."""

    values: Float[Tensor, "token width"]
    """float16, raw."""
    dropped: int
    """Tokens left out by norm."""


def points_of(places: Sequence[Place]) -> list[HookPoint]:
    """What to capture: where each SAE reads, then where each one's sinks are told."""
    return [place.point for place in places] + [place.sinks.point for place in places]


def real_activations(
    model: LanguageModel, points: Sequence[HookPoint], windows: Sequence[Window]
) -> list[Float[Tensor, "token width"]]:
    """Activations of the windows' counted tokens at each point, in the order of `batches`."""
    found: list[list[Tensor]] = [[] for _ in points]
    for batch in batches(windows, model=model):
        for parts, caught in zip(found, capture(model.network, points, batch.ids, batch.mask), strict=True):
            parts.append(batch.real(caught))
    return [torch.cat(parts) for parts in found]


def cache_activations(model: LanguageModel, places: Sequence[Place], windows: Sequence[Window], *, say: Say) -> None:
    """Compute what is missing of the windows' activations, at all places in one pass."""
    parts = list(_parts(windows))
    for number, part in enumerate(parts):
        missing = [place for place in places if not _file(place, part).is_file()]
        if missing:
            started = time.monotonic()
            for place, values in zip(missing, _kept(model, missing, part), strict=True):
                _save(values, _file(place, part))
            for place in missing:
                _add_seconds(place.folder, (time.monotonic() - started) / len(missing))
            say(f"activations: part {number + 1} of {len(parts)}")


def cached_activations(place: Place, windows: Sequence[Window]) -> Activations:
    """Activations of all windows, after `cache_activations`."""
    values = torch.cat([load_file(_file(place, part))["activations"] for part in _parts(windows)])
    return Activations(values, sum(window.counted for window in windows) - len(values))


def part_files(place: Place, windows: Sequence[Window]) -> list[tuple[Sequence[Window], Path]]:
    """The parts and their files, in order."""
    return [(part, _file(place, part)) for part in _parts(windows)]


def seconds_spent(place: Place) -> float:
    """Wall time that the cached activations of this place took; a pass over several places is shared out."""
    path = place.folder / SECONDS_FILE
    return float(read_json(path)["seconds"]) if path.is_file() else 0.0


def _parts(windows: Sequence[Window]) -> list[Sequence[Window]]:
    return [windows[first : first + PART_WINDOWS] for first in range(0, len(windows), PART_WINDOWS)]


def _kept(model: LanguageModel, places: Sequence[Place], part: Sequence[Window]) -> list[Tensor]:
    caught = real_activations(model, points_of(places), part)
    read, told = caught[: len(places)], caught[len(places) :]
    return [
        values[place.sinks.keep(norms)].half().cpu().contiguous()
        for place, values, norms in zip(places, read, told, strict=True)
    ]


def _save(values: Tensor, file: Path) -> None:
    write_atomically(file, lambda aside: save_file({"activations": values}, aside))


def _file(place: Place, part: Sequence[Window]) -> Path:
    digest = hashlib.sha256()
    for window in part:
        digest.update(window.ids.tobytes() + b"\n")
    return place.folder / f"{digest.hexdigest()[:32]}.safetensors"


def _add_seconds(folder: Path, seconds: float) -> None:
    path = folder / SECONDS_FILE
    before = float(read_json(path)["seconds"]) if path.is_file() else 0.0
    write_json(path, {"seconds": before + seconds})
