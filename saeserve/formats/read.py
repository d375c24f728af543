"""Read an SAE, whichever of the known formats its files are in."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from saeserve.declared import declared_figures
from saeserve.formats import saelens
from saeserve.formats.folder import BadSae, SaeFolder

FORMATS: tuple[ModuleType, ...] = (saelens,)
"""Each has NAME, `recognises(path)` and `read(path, options, device)`; at most one recognises a path."""
OPTIONS = ("hook_point", "output_hook_point", "norm_scaling_factor")
"""What a researcher may say that the files do not."""


def read_sae(path: Path, *, options: Mapping[str, Any] = {}, device: str = "cpu") -> SaeFolder:
    """Load and check a folder or file. Raises BadSae or BadCard with the reason; nothing is guessed."""
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise BadSae(f"The option {unknown[0]!r} is not known; there are {', '.join(OPTIONS)}.")
    sae = _format_of(path).read(path, options, device)
    card = declared_figures(path if path.is_dir() else path.parent)
    return replace(sae, declared={**sae.declared, **card})


def _format_of(path: Path) -> ModuleType:
    for layout in FORMATS:
        if layout.recognises(path):
            return layout
    names = ", ".join(layout.NAME for layout in FORMATS)
    there = "holds no SAE in a known format" if path.exists() else "is not there"
    raise BadSae(f"{path} {there}; give a folder or file of one of: {names}.")
