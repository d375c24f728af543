"""What to train and on which documents: decided once, before anything is computed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from saeserve.documents import Document, read_documents
from saeserve.refusal import Refusal
from saeserve.train.cost import Assumptions
from saeserve.train.recipe import Recipe
from saeserve.windows import Window, cut


class TooLittleText(Refusal):
    """The corpus is too small for the training asked for."""


@dataclass(frozen=True, kw_only=True)
class TrainPlan:
    """One SAE a hook point, all from the same documents."""

    model: Path | str
    hook_points: tuple[str, ...]
    corpus: Path
    into: Path
    """Folder of the SAE; where there are several hook points, the folder of their folders."""
    cache: Path
    """Folder for cached activations and checkpoints; may be deleted afterwards."""
    recipe: Recipe = field(default_factory=Recipe)
    """What is trained, where nothing is tried first."""
    tried: tuple[Recipe, ...] = ()
    """Recipes of a sweep: each is trained on the first `tried_tokens`, and the best one then on all."""
    tried_tokens: int = 300_000
    l0_limit: float = 40.0
    """Recipes that let more latents fire on a token are shown and not kept: more latents always explain more."""
    train_tokens: int = 450_000
    held_out_tokens: int = 50_000
    ce_tokens: int = 16_000
    """Of held-out text, whole documents from the front, on which cross-entropy is measured: it takes whole forwards."""
    context_tokens: int = 255
    dtype: str = "bfloat16"
    device: str = "cpu"
    offline: bool = True
    """Never ask the hub for the model."""
    seed: int = 1
    """Of the split into training and held-out documents."""
    half_precision: bool = False
    """Store both weight matrices in float16."""
    scorer: Path | None = None
    """Folder of a sentence-embedding model for the interpretability score; None leaves it out."""
    assumptions: Assumptions = field(default_factory=Assumptions)
    data_note: str = ""
    """A sentence for the card: what the corpus is, whence, under which licence."""
    remark: str = ""
    """A sentence for the card: how and on which machine it was trained."""


@dataclass(frozen=True)
class Part:
    """Documents on one side of the split, cut into windows."""

    documents: list[Document]
    windows: list[Window]
    """`document` counts from the first of `documents`."""


def split(plan: TrainPlan, tokenizer: Any) -> tuple[Part, Part]:
    """(train, held out), by patient where one is known, else by document: nobody stands on both sides.

    Patients are drawn in the order of a hash of the seed and their pseudonym, held-out ones first.
    """
    drawn = sorted(read_documents(plan.corpus), key=lambda document: draw_order(document, plan.seed))
    held_out = _take(drawn, tokenizer, plan.held_out_tokens, plan.context_tokens)
    train = _take(drawn[len(held_out.documents) :], tokenizer, plan.train_tokens, plan.context_tokens)
    return train, held_out


def draw_order(document: Document, seed: int) -> tuple[bytes, str]:
    """Documents of one patient follow each other."""
    return hashlib.sha256(f"{seed}\n{_owner(document)}".encode()).digest(), document.id


def _owner(document: Document) -> str:
    return document.patient or document.id


def _take(drawn: Sequence[Document], tokenizer: Any, tokens: int, context_tokens: int) -> Part:
    """Whole patients from the front until they hold that many tokens. Raises TooLittleText."""
    windows: list[Window] = []
    held = 0
    for number, document in enumerate(drawn):
        if held >= tokens and _owner(document) != _owner(drawn[number - 1]):
            return Part(list(drawn[:number]), windows)
        for window in cut([document.text], tokenizer, context_tokens=context_tokens, overlap_tokens=0):
            windows.append(replace(window, document=number))
            held += window.counted
    if held < tokens:
        raise TooLittleText(f"The corpus has only {held:,} tokens left of the {tokens:,} asked for; ask for fewer.")
    return Part(list(drawn), windows)
