"""A hook point's folder in delphi's latent cache.

    config.json                      CacheConfig and model_name
    <first>_<last>.safetensors       of latents first to last, both included:
        locations [firings, 3]       row, position, latent - first
        activations [firings]
        tokens [rows, context]       the same in every file; left out where the cache was told so

Written so by delphi 0.1.3. Rows are chunks of documents joined by an end token; the model read across.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.interop.files import check_folder, named
from annotation.interop.json_files import MEGABYTE, read_object
from annotation.interop.safetensors_file import read_tensors
from annotation.interop.unreadable import Unreadable

SPLIT = re.compile(r"(\d+)_(\d+)\.safetensors")
MOST_FIRINGS = 120_000_000
"""In one file: sorting them takes about 2 GB."""
MOST_TOKENS = 50_000_000
MOST_LATENTS = 1_100_000
WANTED = {
    "locations": ("U16", "U32", "I32", "I64"),
    "activations": ("F16", "BF16", "F32"),
    "tokens": ("I64", "I32", "U32", "U16"),
}


@dataclass(frozen=True)
class Cache:
    model: str
    hook_point: str
    """The folder's name."""
    paths: tuple[Path, ...]
    config: Path
    splits: tuple[tuple[int, int], ...]
    """[file] first and last latent."""
    tokens: NDArray[Any]
    """[rows, context]"""

    @property
    def width(self) -> int:
        return self.splits[-1][1] + 1

    def firings(self, number: int) -> "Firings":
        """Of one file. Raises Unreadable where they point outside of tokens or latents."""
        path, (first, last) = self.paths[number], self.splits[number]
        found = read_tensors(path, WANTED, optional=frozenset({"tokens"}))
        locations, activations = found["locations"], found["activations"]
        _check_shapes(path, locations, activations)
        if "tokens" in found and not np.array_equal(found["tokens"], self.tokens):
            raise Unreadable(f"{path.name} is over other tokens than {self.paths[0].name}: they are of two runs.")
        if len(locations):
            most, bounds = locations.max(axis=0), (*self.tokens.shape, last - first + 1)
            if any(int(value) >= bound for value, bound in zip(most, bounds, strict=True)) or int(locations.min()) < 0:
                raise Unreadable(
                    f"{path.name}: a firing lies outside of the {bounds[0]:,} rows, {bounds[1]:,} positions or "
                    f"{bounds[2]:,} latents. Was the file renamed, or are its tokens of another run?"
                )
        if not np.isfinite(activations).all():
            raise Unreadable(f"{path.name} has activations that are no finite numbers. Make the cache again.")
        return Firings(first, last, locations, activations)


@dataclass(frozen=True)
class Firings:
    first: int
    last: int
    locations: NDArray[Any]
    activations: NDArray[Any]

    def by_latent(self, context: int) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float32]]]:
        """Each latent of the file, silent ones too, with the places (row x context + position) and values at which it
        is not 0, places rising."""
        order = np.argsort(self.locations[:, 2], kind="stable")
        ordered = self.locations[:, 2][order]
        latents = np.arange(self.last - self.first + 2)
        for number, (begin, end) in enumerate(pairwise(np.searchsorted(ordered, latents).tolist())):
            rows = order[begin:end]
            places = self.locations[rows, 0].astype(np.int64) * context + self.locations[rows, 1]
            inner = np.argsort(places, kind="stable")
            yield self.first + number, places[inner], self.activations[rows][inner].astype(np.float32)


def open_cache(folder: Path) -> Cache:
    """Raises Unreadable where the folder is no hook point's cache."""
    check_folder(folder)
    found = {path: SPLIT.fullmatch(path.name) for path in named(folder, SPLIT.pattern)}
    if not found or not (folder / "config.json").is_file():
        raise Unreadable(
            f"{folder} holds no config.json with 0_….safetensors beside it: name the folder of one hook point, such as "
            "results/run/latents/layers.10."
        )
    paths = tuple(found)
    splits = tuple((int(match[1]), int(match[2])) for match in found.values() if match)
    _check_splits(folder, splits)
    config = read_object(folder / "config.json", limit=MEGABYTE)
    return Cache(
        model=config.text("model_name", limit=120),
        hook_point=folder.resolve().name,
        paths=paths,
        config=folder / "config.json",
        splits=splits,
        tokens=_tokens(paths),
    )


def _check_splits(folder: Path, splits: tuple[tuple[int, int], ...]) -> None:
    if any(first > last for first, last in splits) or splits[-1][1] >= MOST_LATENTS:
        raise Unreadable(f"{folder}: a file’s name gives latents from … to …, and one of them makes no sense.")
    for (_, last), (first, _) in pairwise(splits):
        if first <= last:
            raise Unreadable(f"{folder}: latent {first} is in two files. Are they of two runs with different splits?")


def _tokens(paths: tuple[Path, ...]) -> NDArray[Any]:
    for path in paths:
        found = read_tensors(path, {"tokens": WANTED["tokens"]}, optional=frozenset({"tokens"})).get("tokens")
        if found is not None:
            if found.ndim != 2 or not 0 < found.size <= MOST_TOKENS:
                raise Unreadable(
                    f"{path.name}: tokens of the shape {found.shape}; rows by positions, at most {MOST_TOKENS:,}."
                )
            return found
    raise Unreadable("The cache was saved without its tokens. Make it again with save_tokens=True.")


def _check_shapes(path: Path, locations: NDArray[Any], activations: NDArray[Any]) -> None:
    if locations.ndim != 2 or locations.shape[1] != 3 or activations.shape != locations.shape[:1]:
        raise Unreadable(f"{path.name}: locations {locations.shape} and activations {activations.shape} do not fit.")
    if len(locations) > MOST_FIRINGS:
        raise Unreadable(
            f"{path.name} holds {len(locations):,} firings; at most {MOST_FIRINGS:,} a file are read. Make the "
            "cache with more n_splits."
        )
