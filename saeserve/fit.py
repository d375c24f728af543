"""A language model and an SAE that belong together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.read import NO_OPTIONS, read_sae
from saeserve.hook_points import HookPoint, resolve
from saeserve.hooks import capture
from saeserve.identity import sae_digest
from saeserve.language_model import LanguageModel, load_language_model
from saeserve.sinks import sink_point


@dataclass(frozen=True)
class Fit:
    """Both loaded, and the SAE's widths equal to those of the model where it reads and writes."""

    model: LanguageModel
    sae: SaeFolder
    point: HookPoint
    """Where the SAE reads."""
    output_point: HookPoint
    """Where it writes: the same, except for a transcoder."""
    sae_digest: str
    declared: dict[str, float]
    """Figures that the SAE's files declare, by name; empty where they declare none."""

    @cached_property
    def sink_point(self) -> HookPoint:
        """Where attention sinks are told by their norm."""
        return sink_point(self.model.network, self.point)


def load_fit(
    model_source: Path | str, sae_path: Path, *, options: Mapping[str, Any] = NO_OPTIONS, dtype: str, device: str
) -> Fit:
    """Load and check both. Raises BadModel, BadSae, BadCard or NoSuchHookPoint with the reason."""
    sae = read_sae(sae_path, options=options, device=device)
    return _fit(load_language_model(model_source, dtype=dtype, device=device), sae)


def load_sae_for(model: LanguageModel, sae_path: Path, *, options: Mapping[str, Any] = NO_OPTIONS) -> Fit:
    """Load an SAE for a model that is loaded. Raises BadSae, BadCard or NoSuchHookPoint with the reason."""
    return _fit(model, read_sae(sae_path, options=options, device=str(model.device)))


def _fit(model: LanguageModel, sae: SaeFolder) -> Fit:
    point, output_point = _place(model.network, sae.hook_point), _place(model.network, sae.output_hook_point)
    _check_widths(model, sae, point, output_point)
    warning = _other_model(model, sae)
    if warning:
        sae = replace(sae, metadata={**sae.metadata, "warning": warning})
    return Fit(model, sae, point, output_point, sae_digest(sae.coder), sae.declared)


def _place(network: Any, name: str) -> HookPoint:
    """The hook point; some formats name modules from the base model on, without the head's prefix."""
    modules = dict(network.named_modules())
    full = f"{network.base_model_prefix}.{name}"
    known, longer = (path.partition(":")[0] in modules for path in (name, full))
    return resolve(network, full if longer and not known else name)


def _check_widths(model: LanguageModel, sae: SaeFolder, point: HookPoint, output_point: HookPoint) -> None:
    ids = torch.tensor([[*model.front, *model.back] or [0]], device=model.device)
    reads, writes = capture(model.network, [point, output_point], ids, None)
    for verb, wanted, there, found in (
        ("reads", sae.coder.input_width, point, reads.shape[-1]),
        ("writes", sae.coder.output_width, output_point, writes.shape[-1]),
    ):
        if wanted != found:
            raise BadSae(
                f"The SAE {verb} activations of width {wanted}; {there} of {model.name} has width {found}: "
                "choose the model and hook point that it was trained on."
            )


def _other_model(model: LanguageModel, sae: SaeFolder) -> str:
    """A sentence where the SAE names another model; names differ in case, owner and suffixes for no reason."""
    trained, used = (_bare(name) for name in (sae.model_name, model.name))
    if not trained or trained in used or used in trained:
        return ""
    return f"The SAE was trained on {sae.model_name}, and the model is {model.name}."


def _bare(name: str) -> str:
    return "".join(letter for letter in name.rsplit("/", 1)[-1].lower() if letter.isalnum())
