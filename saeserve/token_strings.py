"""Tokens of a vocabulary as a reader should see them."""

from collections.abc import Sequence
from typing import Any

SPACE = "\u2581"
"""SentencePiece's mark of a space before a word."""
UNREADABLE = "\ufffd"


def token_strings(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """[token] as the tokenizer decodes it, a leading space kept; a part of a character as the vocabulary spells it."""
    pieces = tokenizer.convert_ids_to_tokens(list(ids))
    texts = tokenizer.batch_decode([[number] for number in ids], clean_up_tokenization_spaces=False)
    return [_shown(piece, text) for piece, text in zip(pieces, texts, strict=True)]


def _shown(piece: str | None, text: str) -> str:
    if piece is None:
        return ""
    if not text or UNREADABLE in text:
        return piece
    return f" {text}" if piece.startswith(SPACE) and not text.startswith(" ") else text
