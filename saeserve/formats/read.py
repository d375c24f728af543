"""Read an SAE, whichever of the known formats its files are in."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from saeserve.declared import declared_figures
from saeserve.formats import (
    dictionary_learning,
    gemma_scope,
    gemma_scope_2,
    goodfire,
    llama_scope,
    llama_scope_r1,
    openai,
    saelens,
    saelens_pre_6,
    sparsify,
)
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.options import SCALE, check_options

FORMATS: tuple[ModuleType, ...] = (
    saelens,
    saelens_pre_6,
    gemma_scope,
    gemma_scope_2,
    sparsify,
    dictionary_learning,
    llama_scope,
    llama_scope_r1,
    openai,
    goodfire,
)
"""Each has NAME, `recognises(path)` and `read(path, options, device)`; the first that recognises a path reads it."""
NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


def read_sae(path: Path, *, options: Mapping[str, Any] = NO_OPTIONS, device: str = "cpu") -> SaeFolder:
    """Load and check a folder or file. Raises BadSae or BadCard with the reason; nothing is guessed.

    options: see `saeserve.formats.options`.
    """
    check_options(options)
    sae = _format_of(path).read(path, options, device)
    if SCALE in options and SCALE not in sae.metadata:
        raise BadSae(f"The option {SCALE} is given, and this SAE reads activations as they are; leave it away.")
    card = declared_figures(path if path.is_dir() else path.parent)
    return replace(sae, declared={**sae.declared, **card})


def _format_of(path: Path) -> ModuleType:
    for layout in FORMATS:
        if layout.recognises(path):
            return layout
    there = "holds no SAE in a known format" if path.exists() else "is not there"
    raise BadSae(f"{path} {there}; give a folder or file of one of: {', '.join(layout.NAME for layout in FORMATS)}.")
