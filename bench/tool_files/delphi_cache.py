"""`python -m bench.tool_files.delphi_cache FOLDER`: a latent cache that delphi itself writes.

The reference language model and the demo SAE of layer 9 over the demo's notes, cut as delphi cuts them: documents
joined with the end-of-text token, in rows of 128 tokens. About half a minute on two cores.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from delphi.config import CacheConfig
from delphi.latents.cache import LatentCache
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = Path(__file__).resolve().parents[2]
MODEL, SAE, NOTES = ROOT / "var/models/smollm2-135m-instruct", ROOT / "demo/saes/layer-09", ROOT / "demo/notes"
HOOKPOINT, CONTEXT, ROWS, BATCH, SPLITS = "layers.9", 128, 48, 8, 2
LATENTS = 256
"""So many of the SAE's latents are cached: a cache may hold a part of them."""


def main(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.bfloat16)
    tokens = _rows(tokenizer)
    cache = LatentCache(model.model, {HOOKPOINT: _encoder()}, batch_size=BATCH)
    cache.run(ROWS * CONTEXT, tokens)
    folder.mkdir(parents=True, exist_ok=True)
    cache.save_splits(n_splits=SPLITS, save_dir=folder)
    settings = CacheConfig(dataset_repo="demo/notes", cache_ctx_len=CONTEXT, n_tokens=ROWS * CONTEXT, n_splits=SPLITS)
    cache.save_config(folder, settings, "SmolLM2-135M-Instruct")


def _rows(tokenizer: Any) -> torch.Tensor:
    texts = [json.loads(line)["text"] for path in sorted(NOTES.glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    ids: list[int] = []
    for text in texts:
        ids += [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        if len(ids) >= ROWS * CONTEXT:
            break
    return torch.tensor(ids[: ROWS * CONTEXT]).reshape(ROWS, CONTEXT)


def _encoder() -> Callable[[torch.Tensor], torch.Tensor]:
    weights = {name: tensor.float() for name, tensor in load_file(SAE / "sae_weights.safetensors").items()}

    def encode(activations: torch.Tensor) -> torch.Tensor:
        before = (activations.float() - weights["b_dec"]) @ weights["W_enc"][:, :LATENTS] + weights["b_enc"][:LATENTS]
        return torch.relu(before) * (before > weights["threshold"][:LATENTS])

    return encode


if __name__ == "__main__":
    main(Path(sys.argv[1]))
