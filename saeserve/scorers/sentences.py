"""Sentence embeddings: texts in, unit vectors out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from saeserve.checkpoint import weights_digest
from saeserve.packages import ModelUnavailable

LONGEST = 256
"""Tokens of a text; the model was made for no more."""
BATCH_TOKENS = 8_192
"""Padded tokens of one forward pass: bounds memory."""

Vectors = NDArray[np.float64]


class Sentences:
    """A sentence-embedding model in transformers format, with mean pooling (Reimers & Gurevych 2019)."""

    def __init__(self, folder: Path, *, device: str = "cpu") -> None:
        """Raises ModelUnavailable where there is no model in the folder."""
        from transformers import AutoModel, AutoTokenizer

        if not (folder / "model.safetensors").is_file():
            raise ModelUnavailable(
                f"There is no sentence model in {folder}. Fetch it with `python -m saeserve scorer --into "
                f"{folder.parent}`, or set SAESERVE_SENTENCE_MODEL to where it is."
            )
        self.device = torch.device(device)
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        network: Any = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        self.network = network.eval().requires_grad_(False).to(self.device)
        self.name = f"{folder.name} {weights_digest(folder)[:12]}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """[text, width], each of length 1; equal texts are embedded once. Longer texts are cut at LONGEST tokens."""
        different = sorted(set(texts))
        ids = self.tokenizer(different, truncation=True, max_length=LONGEST)["input_ids"]
        order = sorted(range(len(different)), key=lambda i: len(ids[i]))
        found: dict[str, NDArray[np.float64]] = {}
        for batch in _batches(order, [len(one) for one in ids]):
            vectors = self._forward([ids[i] for i in batch])
            found.update(zip((different[i] for i in batch), vectors, strict=True))
        return np.stack([found[text] for text in texts])

    @torch.inference_mode()
    def _forward(self, ids: list[list[int]]) -> NDArray[np.float64]:
        width = max(map(len, ids))
        mask = torch.tensor([[1] * len(one) + [0] * (width - len(one)) for one in ids], device=self.device)
        padding = int(self.tokenizer.pad_token_id)
        padded = torch.tensor([one + [padding] * (width - len(one)) for one in ids], device=self.device)
        states = self.network(input_ids=padded, attention_mask=mask).last_hidden_state
        pooled = (states * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        unit: NDArray[np.float64] = torch.nn.functional.normalize(pooled, dim=1).double().cpu().numpy()
        return unit


def _batches(order: list[int], lengths: list[int]) -> list[list[int]]:
    """Texts in order of length, as many at once as BATCH_TOKENS allow."""
    batches: list[list[int]] = []
    for i in order:
        if not batches or (len(batches[-1]) + 1) * lengths[i] > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(i)
    return batches
