"""What to train and on which documents: decided once, before anything is computed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saeserve.documents import Document, read_documents
from saeserve.refusal import Refusal
from saeserve.windows import Window, cut


class TooLittleText(Refusal):
    """The corpus is too small for the training asked for."""


@dataclass(frozen=True, kw_only=True)
class TrainPlan:
    """One training of a TopK SAE."""

    model: Path
    hook_point: str
    corpus: Path
    into: Path
    cache: Path
    """Folder for cached activations and checkpoints; may be deleted afterwards."""
    width: int = 4096
    k: int = 32
    train_tokens: int = 450_000
    held_out_tokens: int = 50_000
    epochs: int = 8
    batch: int = 1024
    learning_rate: float = 1e-3
    context_tokens: int = 255
    dtype: str = "bfloat16"
    seed: int = 1
    data_note: str = ""
    """A sentence for the card: what the corpus is, whence, under which licence."""


@dataclass(frozen=True)
class Part:
    """Documents on one side of the split, cut into windows."""

    documents: int
    windows: list[Window]


def split(plan: TrainPlan, tokenizer: Any) -> tuple[Part, Part]:
    """(train, held out). Documents are drawn in the order of a hash of seed and id, held-out ones first."""
    drawn = sorted(read_documents(plan.corpus), key=lambda document: draw_order(document, plan.seed))
    held_out, used = _take(drawn, tokenizer, plan.held_out_tokens, plan.context_tokens)
    train, _ = _take(drawn[used:], tokenizer, plan.train_tokens, plan.context_tokens)
    return train, held_out


def draw_order(document: Document, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{document.id}".encode()).digest()


def _take(documents: list[Document], tokenizer: Any, tokens: int, context_tokens: int) -> tuple[Part, int]:
    windows: list[Window] = []
    held = 0
    for used, document in enumerate(documents):
        if held >= tokens:
            return Part(used, windows), used
        cut_up = list(cut([document.text], tokenizer, context_tokens=context_tokens))
        windows += cut_up
        held += sum(map(len, cut_up))
    if held < tokens:
        raise TooLittleText(f"The corpus has only {held:,} tokens left of the {tokens:,} asked for; ask for fewer.")
    return Part(len(documents), windows), len(documents)
