"""The files of a language model: found in a folder or the hub's cache, pinned by commit and by their weights."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from saeserve.refusal import Refusal

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
"""`org/name`, or `org/name@revision`: a branch, tag or commit."""
COMMIT = re.compile(r"[0-9a-f]{40}")
WANTED = ["*.json", "model*.safetensors", "*.model", "*.txt", "*.jinja"]
"""Files fetched from the hub: no pickle, no code."""
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


class BadModel(Refusal):
    """The source does not hold a language model that can be used."""


class ModelUnreachable(BadModel):
    """The hub could not be asked."""

    retry_helps = True


@dataclass(frozen=True)
class Checkpoint:
    """A folder in transformers format."""

    folder: Path
    name: str
    commit: str | None
    """Of the hub's repository; None for a folder that does not come from its cache."""


def find_checkpoint(source: Path | str, *, offline: bool, revision: str | None = None) -> Checkpoint:
    """A local folder, or a hub id `org/name` or `org/name@revision`, fetched unless offline.

    Raises BadModel or ModelUnreachable.
    """
    folder = Path(source)
    if not folder.is_dir():
        if isinstance(source, Path) or not HUB_ID.fullmatch(source):
            raise BadModel(
                f"{source} holds no language model (there is no such folder); give a folder in transformers format, or "
                "a hub id such as org/name."
            )
        source, _, pinned = source.partition("@")
        if pinned and revision not in (None, pinned):
            raise BadModel(f"{source} is asked for at revision {pinned} and at {revision}; name one of them.")
        folder = _snapshot(source, offline=offline, revision=pinned or revision)
    if not (folder / "config.json").is_file():
        raise BadModel(
            f"{folder} holds no language model (config.json is missing); give a folder in transformers format."
        )
    commit = folder.name if folder.parent.name == "snapshots" and COMMIT.fullmatch(folder.name) else None
    if folder == Path(source) and revision not in (None, commit):
        raise BadModel(
            f"{folder} is a folder{f' of commit {commit}' if commit else ''}, so revision {revision!r} cannot be "
            "chosen from it; give the hub id, or leave the revision out."
        )
    return Checkpoint(folder, _name(folder, source), commit)


def offline_by_environment(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids asking the hub."""
    return any(
        environment.get(name, "").upper() in ("1", "ON", "YES", "TRUE")
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    )


def weights_digest(folder: Path) -> str:
    """Hex sha256 over every tensor's name, dtype, shape and bytes, in name order, however files are laid out."""
    digest = hashlib.sha256()
    try:
        for name, path in sorted(_tensor_files(folder)):
            with safe_open(path, framework="pt") as weights:
                tensor = weights.get_tensor(name).contiguous()
            digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
            digest.update(tensor.reshape(-1).view(torch.uint8).numpy())
    except (SafetensorError, OSError) as error:
        raise BadModel(f"The weights in {folder} are damaged ({error}); fetch or convert them again.") from error
    return digest.hexdigest()


def _tensor_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every tensor that transformers loads, and its file: one file, or else the ones that the index names."""
    if (folder / WEIGHTS).is_file():
        with safe_open(folder / WEIGHTS, framework="pt") as weights:
            yield from ((name, folder / WEIGHTS) for name in weights.keys())  # noqa: SIM118 - not a mapping
    elif (folder / INDEX).is_file():
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]
        except (ValueError, KeyError, TypeError) as error:
            raise BadModel(f"{folder / INDEX} is damaged; fetch or convert the weights again.") from error
        yield from ((name, folder / Path(file).name) for name, file in index.items())
    else:
        raise BadModel(
            f"{folder} holds no {WEIGHTS} and no {INDEX}; convert the weights to safetensors (pickled ones are not "
            "loaded)."
        )


def _snapshot(hub_id: str, *, offline: bool, revision: str | None) -> Path:
    pinned = f"{hub_id} at revision {revision}" if revision else hub_id
    if offline or offline_by_environment():
        return _cached(hub_id, pinned, revision)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(hub_id, revision=revision, allow_patterns=WANTED, ignore_patterns=["*/*"]))
    except Exception as error:  # the hub's client and the HTTP client under it have no error in common
        answer = getattr(getattr(error, "response", None), "status_code", None)
        if answer in (401, 403, 404):
            raise BadModel(
                f"The hub does not give out {pinned} ({first_line(error)}); check the name, the revision and whether "
                "the model's licence must be accepted first."
            ) from error
        raise ModelUnreachable(
            f"{pinned} could not be fetched from the hub ({first_line(error)}); check the network and try again."
        ) from error


def _cached(hub_id: str, pinned: str, revision: str | None) -> Path:
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(hub_id, "config.json", revision=revision)
    if not isinstance(config, str):
        raise BadModel(
            f"The model {pinned} is not in this machine's hub cache and the hub may not be asked; fetch it first, give "
            "a local folder, or allow network access."
        )
    return Path(config).parent


def first_line(error: Exception) -> str:
    """What an exception of a library says, in one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _name(folder: Path, source: Path | str) -> str:
    """The hub id, or what the folder says its model is called, or the folder's own name."""
    if folder != Path(source):
        return str(source)
    origin = folder / "origin.json"
    if origin.is_file():
        return str(json.loads(origin.read_text(encoding="utf-8"))["name"])
    return folder.name
