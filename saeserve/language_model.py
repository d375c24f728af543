"""A language model and its tokenizer, ready to run."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from saeserve.block_parts import blocks_of
from saeserve.checkpoint import BadModel, Checkpoint, find_checkpoint, first_line, weights_digest
from saeserve.dtypes import AUTO, DTYPES, dtype_for
from saeserve.norms import is_norm, normalized, weighted
from saeserve.special_tokens import around_window, check_belongs

UNUSED = re.compile(r"(^|\.)pooler\.")
"""Weights that lie on no path to a block or to the output tokens."""
UNEMBED_ROWS = 16_384
"""Rows of the output embedding held in float32 at once."""


class NoNextToken(BadModel):
    """The model predicts no next token."""


@dataclass(frozen=True)
class LanguageModel:
    """A network in evaluation mode."""

    network: Any
    """The transformers model, a decoder or an encoder."""
    tokenizer: Any
    """A fast tokenizer: it gives character offsets."""
    name: str
    revision: str
    """Hex sha256 of the weights."""
    commit: str | None
    """Commit of the hub's repository, where the model comes from its cache."""
    dtype: str
    """Of the forward pass: bfloat16, float32 or float16."""
    device: torch.device
    front: tuple[int, ...]
    """Special tokens put before every window."""
    back: tuple[int, ...]
    """Special tokens put after every window; none for a decoder."""
    predicts_next: bool
    """Whether next-token cross-entropy and output tokens are defined; False for encoders."""

    @property
    def width(self) -> int:
        """Width of the residual stream."""
        return int(self.network.config.get_text_config().hidden_size)

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return blocks_of(self.network).count

    @property
    def context_limit(self) -> int:
        """Most tokens of text in a window: the positions that the model knows, less the special tokens."""
        config = self.network.config.get_text_config()
        positions = getattr(config, "max_position_embeddings", None) or 2**31
        if self.network.config.model_type in OFFSET_POSITIONS:
            positions -= config.pad_token_id + 1
        return int(positions) - len(self.front) - len(self.back)

    def unembed(self, vectors: Tensor) -> Tensor:
        """Logits [n, vocabulary], float32, of residual vectors [n, width] after the last block, through the final norm.

        Raises NoNextToken for encoders.
        """
        blocks = self.head.weight.split(UNEMBED_ROWS)
        final = self.through_norm(vectors)
        return self._finished(torch.cat([final @ rows.float().T for rows in blocks], dim=1))

    def unembed_some(self, vectors: Tensor, tokens: Tensor) -> Tensor:
        """The same logits [n, k] for a few tokens [n, k] of each vector only."""
        rows = self.head.weight[tokens].float()
        return self._finished(torch.einsum("nw,nkw->nk", self.through_norm(vectors), rows), tokens)

    def through_norm(self, vectors: Tensor) -> Tensor:
        """[n, width], float32, as the output layer reads them."""
        norm = _final_norm(self.network)
        return weighted(norm, normalized(norm, vectors.to(self.device)))

    @property
    def head(self) -> Any:
        """The output layer. Raises NoNextToken for encoders."""
        head = self.network.get_output_embeddings() if self.predicts_next else None
        if head is None:
            raise NoNextToken(f"{self.name} predicts no next token, so a direction raises or lowers no output token.")
        return head

    def _finished(self, logits: Tensor, tokens: Tensor | None = None) -> Tensor:
        """With the head's bias, and capped where the model caps them."""
        bias = getattr(self.head, "bias", None)
        if bias is not None:
            logits = logits + (bias if tokens is None else bias[tokens]).float()
        cap = getattr(self.network.config.get_text_config(), "final_logit_softcapping", None)
        return logits if cap is None else cap * torch.tanh(logits / cap)


OFFSET_POSITIONS = ("roberta", "xlm-roberta", "camembert")
"""Families whose positions are counted from one past the padding token's id."""


def load_language_model(
    source: Path | str, *, dtype: str = AUTO, device: str = "cpu", offline: bool = True, revision: str | None = None
) -> LanguageModel:
    """Load from a local folder, or from the hub's cache by an id `org/name`; asks the hub only where not `offline`.

    `revision`: branch, tag or commit on the hub. Raises BadModel with the reason.
    """
    if dtype not in (AUTO, *DTYPES):
        raise BadModel(f"The dtype {dtype!r} is not known; use one of {', '.join((AUTO, *DTYPES))}.")
    target = torch.device(device)
    chosen = dtype_for(dtype, target)
    checkpoint = find_checkpoint(source, offline=offline, revision=revision)
    digest = weights_digest(checkpoint.folder)
    network, tokenizer = _load(checkpoint, DTYPES[chosen])
    network = network.eval().requires_grad_(False).to(target)
    predicts_next = _predicts_next(network)
    check_belongs(tokenizer, network.get_input_embeddings().weight.shape[0], str(checkpoint.folder))
    front, back = around_window(tokenizer, checkpoint.name, predicts_next=predicts_next)
    return LanguageModel(
        network=network,
        tokenizer=tokenizer,
        name=checkpoint.name,
        revision=digest,
        commit=checkpoint.commit,
        dtype=chosen,
        device=target,
        front=front,
        back=back,
        predicts_next=predicts_next,
    )


def _load(checkpoint: Checkpoint, dtype: torch.dtype) -> tuple[Any, Any]:
    """Network and tokenizer from a local folder, never from the network, pickles or code in the folder."""
    from transformers import AutoConfig
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = checkpoint.folder
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        network = _network(folder, config, dtype)
    except BadModel:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise BadModel(f"transformers cannot load {folder} ({first_line(error)}).") from error
    return network, _tokenizer(folder)


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # a damaged tokenizer.json raises what it likes, Exception itself too
        raise BadModel(
            f"The tokenizer in {folder} cannot be loaded ({first_line(error)}); fetch its files again."
        ) from error
    if not tokenizer.is_fast:
        raise BadModel(f"The tokenizer in {folder} gives no character offsets; add its tokenizer.json.")
    return tokenizer


def _network(folder: Path, config: Any, dtype: torch.dtype) -> Any:
    """With its output layer where the weights hold one, else without. transformers fills what is missing with random
    numbers and says so only in its log."""
    missing: list[str] = []
    for loader in _loaders(config):
        network, loading = loader.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=dtype, output_loading_info=True
        )
        missing = sorted(name for name in loading["missing_keys"] if not UNUSED.search(name))
        if not missing:
            return network
    raise BadModel(
        f"The weights in {folder} lack {len(missing)} tensors of the model, such as {missing[0]}; fetch or convert "
        "them again."
    )


def _loaders(config: Any) -> tuple[Any, Any]:
    """transformers' classes for the network, with its output layer and without."""
    from transformers import (
        MODEL_FOR_CAUSAL_LM_MAPPING,
        MODEL_FOR_MASKED_LM_MAPPING,
        AutoModel,
        AutoModelForCausalLM,
        AutoModelForMaskedLM,
    )

    if getattr(config, "is_encoder_decoder", False):
        raise BadModel(f"A {config.model_type} is an encoder with a decoder; give a decoder or an encoder.")
    if type(config) in MODEL_FOR_MASKED_LM_MAPPING and not getattr(config, "is_decoder", False):
        return AutoModelForMaskedLM, AutoModel
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return AutoModelForCausalLM, AutoModel
    raise BadModel(f"A {config.model_type} is no language model; give a decoder or an encoder.")


@torch.inference_mode()
def _predicts_next(network: Any) -> bool:
    """Whether the network has an output layer and no token sees a later one: tried, not read off a name."""
    if network.get_output_embeddings() is None:
        return False
    first, second = (
        network(input_ids=torch.tensor([[1, 2, last]], device=network.device)).logits[0, 0] for last in (3, 4)
    )
    return torch.allclose(first, second, rtol=0, atol=0, equal_nan=True)


def _final_norm(network: Any) -> Any:
    """The norm beside the list of blocks."""
    around = network.get_submodule(blocks_of(network).path.rpartition(".")[0])
    norms = [module for module in around.children() if is_norm(module)]
    if len(norms) != 1:
        raise BadModel(f"{type(network).__name__} has no single norm after its last block; it is not supported.")
    return norms[0]
