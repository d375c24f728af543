"""A text as tokens, with the characters that each stands for."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saeserve.refusal import Refusal
from saeserve.spans import clean_spans


class UnreadableText(Refusal):
    """The text is no Unicode."""


@dataclass(frozen=True)
class Tokens:
    """Of one text, without special tokens around it."""

    ids: NDArray[np.int64]
    """[token]"""
    starts: NDArray[np.int64]
    """[token] first character."""
    ends: NDArray[np.int64]
    """[token] one past the last character."""


def tokens_of(text: str, tokenizer: Any) -> Tokens:
    """Nothing in the text is read as a special token, though it be spelt like one. Raises UnreadableText."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnreadableText(
            f"Character {error.start} of the text is half of a surrogate pair; write the text anew as UTF-8."
        ) from error
    encoding = tokenizer(
        text,
        add_special_tokens=False,
        split_special_tokens=True,
        return_offsets_mapping=True,
        return_attention_mask=False,
        return_token_type_ids=False,
    )
    ids = np.asarray(encoding["input_ids"], dtype=np.int64)
    offsets = np.asarray(encoding["offset_mapping"], dtype=np.int64).reshape(-1, 2)
    ids, offsets = _without_special(ids, offsets, tokenizer)
    return Tokens(ids, *clean_spans(text, offsets))


def _without_special(
    ids: NDArray[np.int64], offsets: NDArray[np.int64], tokenizer: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Unigram tokenizers keep special tokens among their pieces and so read them in text: they become unknown ones."""
    special = np.isin(ids, _special_ids(tokenizer))
    if not special.any():
        return ids, offsets
    if tokenizer.unk_token_id is None:
        return ids[~special], offsets[~special]
    return np.where(special, tokenizer.unk_token_id, ids), offsets


@lru_cache(maxsize=8)
def _special_ids(tokenizer: Any) -> NDArray[np.int64]:
    added = {row for row, token in tokenizer.added_tokens_decoder.items() if token.special}
    return np.array(sorted((added | set(tokenizer.all_special_ids)) - {tokenizer.unk_token_id}), dtype=np.int64)
