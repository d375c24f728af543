"""A language model and its tokenizer, loaded from a local folder, with the digest of its weights."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from saeserve.refusal import Refusal

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32, "float16": torch.float16}
FRONT_TOKEN = "<|endoftext|>"


class BadModel(Refusal):
    """The folder does not hold a language model that can be used."""


@dataclass(frozen=True)
class LanguageModel:
    """A network ready to run, in evaluation mode."""

    network: Any
    """The transformers causal language model."""
    tokenizer: Any
    """A fast tokenizer: it gives character offsets."""
    name: str
    revision: str
    """Hex sha256 of the weights."""
    dtype: str
    device: torch.device

    @property
    def width(self) -> int:
        """Width of the residual stream."""
        return int(self.network.config.hidden_size)

    @property
    def front_token(self) -> int:
        """Put before every window: it takes the role of the attention sink, so that no real text has to.

        `<|endoftext|>` where the tokenizer has it, else its beginning-of-text, else its end-of-text token.
        """
        vocabulary = self.tokenizer.get_vocab()
        for token in (FRONT_TOKEN, self.tokenizer.bos_token, self.tokenizer.eos_token):
            if token in vocabulary:
                return int(vocabulary[token])
        raise BadModel(f"The tokenizer of {self.name} has no beginning- or end-of-text token to put before a window.")


def load_language_model(folder: Path, *, dtype: str = "bfloat16", device: str = "cpu") -> LanguageModel:
    """Load without touching the network. Raises BadModel with the reason."""
    if dtype not in DTYPES:
        raise BadModel(f"The dtype {dtype!r} is not known; use one of {', '.join(DTYPES)}.")
    if not (folder / "config.json").is_file():
        raise BadModel(
            f"{folder} holds no language model (config.json is missing); give a folder in transformers format."
        )
    revision = weights_digest(folder)
    network, tokenizer = _load_offline(folder, DTYPES[dtype])
    if not tokenizer.is_fast:
        raise BadModel(f"The tokenizer in {folder} gives no character offsets; add its tokenizer.json.")
    if len(tokenizer) > network.get_input_embeddings().weight.shape[0]:
        raise BadModel(
            f"The tokenizer in {folder} has {len(tokenizer)} tokens and the model embeds only "
            f"{network.get_input_embeddings().weight.shape[0]}: they do not belong together."
        )
    target = torch.device(device)
    return LanguageModel(network.eval().to(target), tokenizer, _name(folder), revision, dtype, target)


def weights_digest(folder: Path) -> str:
    """Hex sha256 over every tensor's name, dtype, shape and bytes, in name order, however files are laid out."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise BadModel(f"{folder} holds no *.safetensors file; convert the weights (pickled ones are not loaded).")
    digest = hashlib.sha256()
    try:
        for name, path in sorted(_tensor_files(files)):
            with safe_open(path, framework="pt") as weights:
                tensor = weights.get_tensor(name).contiguous()
            digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
            digest.update(tensor.reshape(-1).view(torch.uint8).numpy())
    except SafetensorError as error:
        raise BadModel(f"The weights in {folder} are damaged ({error}); fetch or convert them again.") from error
    return digest.hexdigest()


def _tensor_files(files: list[Path]) -> list[tuple[str, Path]]:
    named = []
    for path in files:
        with safe_open(path, framework="pt") as weights:
            named += [(name, path) for name in weights.keys()]  # noqa: SIM118 - not a mapping
    return named


def _load_offline(folder: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        network = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=dtype)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadModel(f"transformers cannot load {folder} ({_first_line(error)}).") from error
    return network, tokenizer


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _name(folder: Path) -> str:
    """What the folder says its model is called, else the folder's own name."""
    origin = folder / "origin.json"
    if origin.is_file():
        return str(json.loads(origin.read_text(encoding="utf-8"))["name"])
    return folder.name
