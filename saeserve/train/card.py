"""The card of a trained SAE for programs: what it was made from and what was measured."""

import platform
from typing import Any

import safetensors
import torch
import transformers

from saeserve.artifacts import file_digest
from saeserve.coders.base import Coder
from saeserve.language_model import LanguageModel
from saeserve.train.activations import Activations, Place
from saeserve.train.plan import Part, TrainPlan
from saeserve.train.recipe import Recipe

CARD_FILE = "card.json"


def about_sae(model: LanguageModel, place: Place, coder: Coder, weights_sha256: str) -> dict[str, Any]:
    """What the SAE is."""
    configuration = coder.configuration()
    sparsity = {name: configuration[name] for name in ("k", "threshold") if name in configuration}
    return {
        "model": {"name": model.name, "weights_sha256": model.revision, "dtype": model.dtype},
        "hook_point": str(place.point),
        "architecture": coder.architecture,
        "width": coder.width,
        "input_width": coder.input_width,
        **sparsity,
        "unit": coder.unit,
        "weights_sha256": weights_sha256,
    }


def about_data(plan: TrainPlan) -> dict[str, Any]:
    """What it was trained on."""
    return {
        "file": plan.corpus.name,
        "sha256": file_digest(plan.corpus),
        "note": plan.data_note,
        "context_tokens": plan.context_tokens,
    }


def about_training(
    recipe: Recipe, part: Part, activations: Activations, place: Place, seconds: float
) -> dict[str, Any]:
    """How it was trained."""
    tokens = len(activations.values)
    return {
        "documents": len(part.documents),
        "tokens": tokens,
        "token_visits": recipe.epochs * (tokens // recipe.batch) * recipe.batch,
        "recipe": recipe.label,
        "epochs": recipe.epochs,
        "batch": recipe.batch,
        "learning_rate": recipe.learning_rate,
        "seed": recipe.seed,
        "sinks_dropped": activations.dropped,
        "sink_norm": round(place.sinks.limit, 1),
        "seconds": round(seconds),
    }


def software() -> dict[str, str]:
    """Versions that a result depends on."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "safetensors": safetensors.__version__,
    }
