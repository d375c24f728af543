"""The card of a trained SAE: what it was made from and what was measured, for programs (card.json) and for people."""

import platform
from dataclasses import dataclass
from typing import Any

import safetensors
import torch
import transformers

from saeserve.artifacts import file_digest, write_json, write_text
from saeserve.coders.topk import TopK
from saeserve.formats.saelens import WEIGHTS_FILE
from saeserve.language_model import LanguageModel
from saeserve.quality import CrossEntropy, Reconstruction
from saeserve.train.plan import TrainPlan

CARD_FILE = "card.json"


@dataclass(frozen=True)
class Measured:
    """What the card states about one training."""

    train_documents: int
    train_tokens: int
    held_out_documents: int
    dropped_train: int
    dropped_held_out: int
    sink_norm: float
    reconstruction: Reconstruction
    """On held-out documents."""
    cross_entropy: CrossEntropy
    """On a part of the same held-out documents."""
    seconds: float


def write_card(
    plan: TrainPlan, model: LanguageModel, path: str, coder: TopK, measured: Measured, *, command: str
) -> None:
    """Write card.json and README.md into the SAE's folder; both hold the same facts."""
    card = _card(plan, model, path, coder, measured, command)
    write_json(plan.into / CARD_FILE, card, indent=1)
    write_text(plan.into / "README.md", _prose(card))


def _card(
    plan: TrainPlan, model: LanguageModel, path: str, coder: TopK, measured: Measured, command: str
) -> dict[str, Any]:
    quality, entropy = measured.reconstruction, measured.cross_entropy
    return {
        "model": {"name": model.name, "weights_sha256": model.revision, "dtype": model.dtype},
        "hook_point": path,
        "architecture": coder.architecture,
        "width": coder.width,
        "input_width": coder.input_width,
        "k": coder.k,
        "unit": coder.unit,
        "weights_sha256": file_digest(plan.into / WEIGHTS_FILE),
        "data": {
            "file": plan.corpus.name,
            "sha256": file_digest(plan.corpus),
            "note": plan.data_note,
            "context_tokens": plan.context_tokens,
        },
        "training": {
            "documents": measured.train_documents,
            "tokens": measured.train_tokens,
            "token_visits": plan.epochs * (measured.train_tokens // plan.batch) * plan.batch,
            "epochs": plan.epochs,
            "batch": plan.batch,
            "learning_rate": plan.learning_rate,
            "seed": plan.seed,
            "sinks_dropped": measured.dropped_train,
            "sink_norm": round(measured.sink_norm, 1),
            "seconds": round(measured.seconds),
        },
        "held_out": {
            "documents": measured.held_out_documents,
            "tokens": quality.tokens,
            "sinks_dropped": measured.dropped_held_out,
            "fve": round(quality.fve, 4),
            "l0": round(quality.l0, 3),
            "norm_ratio": round(quality.norm_ratio, 4),
            "dead_latents": quality.dead,
            "dead_share": round(quality.dead / coder.width, 5),
            "ce_tokens": entropy.tokens,
            "ce": round(entropy.model, 4),
            "ce_with_sae": round(entropy.with_sae, 4),
            "ce_rise": round(entropy.with_sae - entropy.model, 4),
        },
        "command": command,
        "software": software(),
    }


def software() -> dict[str, str]:
    """Versions that a result depends on."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "safetensors": safetensors.__version__,
    }


def _prose(card: dict[str, Any]) -> str:
    model, data, training, held = card["model"], card["data"], card["training"], card["held_out"]
    versions = ", ".join(f"{name} {version}" for name, version in card["software"].items())
    return f"""# TopK SAE on {model["name"]}, {card["hook_point"]}

Written by the training command below, as is `card.json`, which holds the same figures for programs. Layout: SAELens v6
(`cfg.json`, `sae_weights.safetensors`).

| what | value |
|---|---|
| language model | {model["name"]}, weights sha256 `{model["weights_sha256"][:16]}…`, run in {model["dtype"]} |
| hook point | output of `{card["hook_point"]}`, width {card["input_width"]} |
| SAE | {card["architecture"]}, k = {card["k"]}, {card["width"]:,} latents, decoder rows of norm 1 |
| activations | raw: no scaling is needed before encoding |
| data | {data["note"] or data["file"]} |
| data file | `{data["file"]}`, sha256 `{data["sha256"][:16]}…` |
| training | {training["tokens"]:,} tokens of {training["documents"]:,} documents, {training["epochs"]} epochs |
| token visits | {training["token_visits"]:,} |
| optimiser | Adam {training["learning_rate"]}, batch {training["batch"]:,}, seed {training["seed"]} |
| windows | at most {data["context_tokens"]} tokens of one document behind `<|endoftext|>`, whose position is left out |
| norm limit | {training["sink_norm"]:,} |
| tokens above it, left out | {training["sinks_dropped"]} training, {held["sinks_dropped"]} held-out |
| wall time | {training["seconds"]:,} seconds |

## Measured on {held["documents"]} held-out documents

No held-out document was used in training.

| what | value |
|---|---|
| tokens | {held["tokens"]:,} |
| fraction of variance explained | {held["fve"]} |
| firing latents a token (L0) | {held["l0"]} |
| norm of reconstruction over norm of activation | {held["norm_ratio"]} |
| latents that never fire on these tokens | {held["dead_latents"]} of {card["width"]:,} |
| next-token cross-entropy of the model, nats | {held["ce"]} (on {held["ce_tokens"]:,} of these tokens) |
| the same with the SAE spliced in | {held["ce_with_sae"]} |
| rise | {held["ce_rise"]} |

The model is small and the corpus narrow: this SAE is there to try the program out, not to support claims about clinical
language models. No text of the corpus is in this folder.

## Command

```
{card["command"]}
```

Software: {versions}.
"""
