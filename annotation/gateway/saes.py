"""What a process without torch can say of an SAE's files: what their JSON declares, and nothing of the weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from annotation.gateway.files import read_json

WEIGHTS = (".safetensors", ".npz", ".pt", ".pth")


class UnreadableSae(ValueError):
    """There is nothing that could be an SAE, or what describes it is spoilt."""


def sae_facts(path: Path) -> dict[str, Any]:
    """hook_point, architecture, width, card, as far as files declare them; "" or None where only the GPU side knows.

    `path` is an SAE's folder or file in any format. The hook point is in transformers' terms or unknown.
    Raises UnreadableSae with a sentence.
    """
    if not path.exists():
        raise UnreadableSae(f"{path} does not exist: name the folder or file of an SAE.")
    if path.is_file():
        return _facts({}, {})
    if not any(file.suffix in (*WEIGHTS, ".json") for file in path.iterdir()):
        raise UnreadableSae(
            f"{path} holds no file of an SAE: name a folder with {', '.join(WEIGHTS[:3])} or {WEIGHTS[3]} files."
        )
    return _facts(_json(path / "cfg.json") or _json(path / "config.json"), _json(path / "card.json"))


def _facts(config: Mapping[str, Any], card: Mapping[str, Any]) -> dict[str, Any]:
    metadata = config.get("metadata")
    described = {**config, **metadata} if isinstance(metadata, dict) else config
    return {
        "hook_point": _word(described.get("hf_hook_name")),
        "architecture": _word(config.get("architecture")),
        "width": _count(config.get("d_sae") or config.get("num_latents")),
        "card": dict(card),
    }


def _json(path: Path) -> dict[str, Any]:
    try:
        return read_json(path) or {}
    except (OSError, ValueError) as error:
        raise UnreadableSae(f"{path} is not JSON. Download or export the SAE again.") from error


def _word(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 60 else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
