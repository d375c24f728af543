"""A language model and an SAE that belong together."""

from dataclasses import dataclass
from pathlib import Path

import torch

from saeserve.declared import declared_figures
from saeserve.formats.saelens import BadSae, SaeFolder, read_saelens
from saeserve.hooks import capture, module_path
from saeserve.identity import sae_digest
from saeserve.language_model import LanguageModel, load_language_model


@dataclass(frozen=True)
class Fit:
    """Both loaded, and the SAE's input width equal to the width at its hook point."""

    model: LanguageModel
    sae: SaeFolder
    path: str
    """Module path of the hook point."""
    sae_digest: str
    declared: dict[str, float]
    """Figures of the SAE's card by name; empty without a card."""


def load_fit(model_folder: Path, sae_folder: Path, *, dtype: str, device: str) -> Fit:
    """Load and check. Raises BadModel, BadSae, BadCard or NoSuchHookPoint with the reason."""
    sae = read_saelens(sae_folder, device=device)
    declared = declared_figures(sae_folder)
    model = load_language_model(model_folder, dtype=dtype, device=device)
    path = module_path(model.network, sae.hook_point)
    width = capture(model.network, path, torch.tensor([[model.front_token]], device=model.device), None).shape[-1]
    if width != sae.coder.input_width:
        raise BadSae(
            f"The SAE reads activations of width {sae.coder.input_width}; {path} of {model.name} has width {width}: "
            "choose the model that it was trained on."
        )
    return Fit(model, sae, path, sae_digest(sae), declared)
