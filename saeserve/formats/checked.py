"""Files of an SAE, opened safely, and what must hold of their tensors and keys. All raise BadSae with the reason."""

import json
import math
import pickle
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from saeserve.formats.folder import BadSae

AGAIN = "fetch the SAE again"
ZIP = b"PK"
"""What a file of torch.save begins with, unless it is very old."""


def read_config(path: Path) -> dict[str, Any]:
    """A JSON object."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSae(f"{path} cannot be read ({error.strerror}); {AGAIN}.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadSae(f"{path} is not JSON ({error}); {AGAIN}.") from error
    if not isinstance(config, dict):
        raise BadSae(f"{path} holds no JSON object; {AGAIN}.")
    return config


def read_safetensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise BadSae(f"{path.parent} has no {path.name}; {AGAIN}.")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise BadSae(f"{path} is damaged ({error}); {AGAIN}.") from error


def read_npz(path: Path) -> dict[str, Tensor]:
    """Arrays only: objects would be pickled and are refused."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(np.array(arrays[name])) for name in arrays.files}
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, TypeError) as error:
        raise BadSae(f"{path} is damaged ({error}); {AGAIN}.") from error
    except ValueError as error:
        raise BadSae(f"{path} holds something other than arrays of numbers ({error}); it is not loaded.") from error


def read_pickle(path: Path) -> dict[str, Any]:
    """Tensors and plain values only: a pickle that would run code is refused."""
    archive = zipfile.is_zipfile(path)
    if not archive and _begins(path, ZIP):
        raise BadSae(f"{path} is damaged (its end is missing); {AGAIN}.")
    try:
        held = torch.load(path, map_location="cpu", weights_only=True, mmap=archive)
    except pickle.UnpicklingError as error:
        raise BadSae(
            f"{path} is a pickle with more in it than tensors and plain values, and could run code; it is not loaded. "
            "Convert it to safetensors where it was made."
        ) from error
    except (OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
        raise BadSae(f"{path} is damaged ({_first_line(error)}); {AGAIN}.") from error
    if not isinstance(held, dict):
        raise BadSae(f"{path} holds a {type(held).__name__} and no named tensors; give a file of a known format.")
    return held


def check_names(held: Collection[str], needed: Collection[str], *, optional: Collection[str] = ()) -> None:
    missing = sorted(set(needed) - set(held))
    extra = sorted(set(held) - set(needed) - set(optional))
    if missing or extra:
        raise BadSae(
            f"The weights lack {', '.join(missing) or 'nothing'} and have {', '.join(extra) or 'nothing'} besides; "
            "the architecture that the configuration names has other tensors."
        )


def check_shapes(tensors: Mapping[str, Tensor], expected: Mapping[str, list[int]]) -> None:
    for name, shape in expected.items():
        found = list(tensors[name].shape)
        if found != shape:
            raise BadSae(f"{name} has shape {found} where {shape} is due; the files do not belong together.")


def exact(tensors: Mapping[str, Tensor], device: str) -> dict[str, Tensor]:
    """The same in float32 on the device. Raises BadSae where a value is not finite."""
    wide = {name: tensor.to(torch.float32) for name, tensor in tensors.items()}
    for name, tensor in wide.items():
        bad = int((~torch.isfinite(tensor)).sum())
        if bad:
            raise BadSae(
                f"{name} holds {bad} values of {math.prod(tensor.shape)} that are not finite; the SAE is damaged."
            )
    return {name: tensor.to(device).contiguous() for name, tensor in wide.items()}


def check_matrices(tensors: Mapping[str, Any], names: Collection[str]) -> None:
    for name in names:
        if not isinstance(tensors[name], Tensor) or tensors[name].dim() != 2:
            raise BadSae(f"{name} is no matrix; {AGAIN}.")


def flag(config: Mapping[str, Any], key: str, default: bool) -> bool:
    value = config.get(key, default)
    if not isinstance(value, bool):
        raise BadSae(f"The configuration gives {key} as {value!r}; it must be true or false.")
    return value


def section(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under `key`; an empty one where there is none."""
    value = config.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise BadSae(f"The configuration gives {key} as {value!r}; it must be an object.")
    return value or {}


def named(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Keyword arguments; a coder also takes arguments that are no tensors, and mypy cannot tell them apart."""
    return dict(tensors)


def whole(config: Mapping[str, Any], key: str, *, least: int = 1) -> int:
    value = config.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise BadSae(f"The configuration gives {key} as {value!r}; it must be a whole number of at least {least}.")
    return value


def check_k(k: int, width: int) -> int:
    if k > width:
        raise BadSae(f"The configuration asks for k = {k} of only {width} latents.")
    return k


def number(config: Mapping[str, Any], key: str, *, above: float = 0.0) -> float:
    """A finite number."""
    value = config.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value <= above:
        raise BadSae(f"{key} is {value!r}; it must be a number above {above:g}.")
    return float(value)


def _begins(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
