"""A sentence-embedding model from a local folder: mean of the last hidden states, as the all-MiniLM family is used."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from saeserve.refusal import Refusal

MOST_TOKENS = 128


class BadScorer(Refusal):
    """The folder holds no sentence-embedding model that can be used."""


class Scorer:
    """Embeds short texts."""

    def __init__(self, folder: Path, *, device: str) -> None:
        """Raises BadScorer with the reason. Nothing is fetched from the network."""
        from transformers import AutoModel, AutoTokenizer

        if not (folder / "config.json").is_file():
            raise BadScorer(f"{folder} holds no sentence-embedding model (config.json is missing); leave --scorer out.")
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            network = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise BadScorer(f"transformers cannot load {folder} ({reason}); leave --scorer out.") from error
        self.network: Any = network.eval().to(device)
        self.device = device

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "text width"]:
        """Unit-norm embeddings."""
        encoded = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt"
        ).to(self.device)
        states = self.network(**encoded).last_hidden_state.float()
        mask = encoded["attention_mask"].unsqueeze(-1).float()
        return normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=1).cpu()
