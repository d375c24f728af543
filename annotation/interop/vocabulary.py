"""The vocabulary of a language model out of its tokenizer.json: the bytes that each token stands for.

Read here, so that the web side needs no tokenizer. Three spellings are known: the byte alphabet (GPT-2, Llama 3, Qwen,
SmolLM2), SentencePiece's (Llama 2, Gemma, Mistral) and WordPiece (BERT).
"""

import re
from pathlib import Path
from typing import Any

from annotation.interop.json_files import MEGABYTE, read_object
from annotation.interop.record import Record
from annotation.interop.token_text import ALPHABET, PIECE_SPACE
from annotation.interop.unreadable import Unreadable

FILE_LIMIT = 256 * MEGABYTE
MOST_TOKENS = 2_000_000
HEX_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class Vocabulary:
    """[token] bytes; `special` are tokens that are no text: beginnings, ends, padding."""

    def __init__(self, pieces: list[bytes], special: frozenset[int]) -> None:
        self.pieces = pieces
        self.special = special

    def __len__(self) -> int:
        return len(self.pieces)

    def text(self, token: int) -> str:
        """The token by itself, for a reader."""
        return self.pieces[token].decode("utf-8", "replace").replace("\x00", "\u2400")


def read_vocabulary(path: Path) -> Vocabulary:
    """Raises Unreadable where the file is no tokenizer.json, or of a kind that is not known."""
    tokenizer = read_object(path, limit=FILE_LIMIT)
    tokens = _tokens(tokenizer)
    spell = _speller(tokenizer, tokens)
    pieces = [b""] * (max(tokens.values(), default=-1) + 1)
    for token, number in tokens.items():
        pieces[number] = spell(token)
    special = set()
    for added in tokenizer.records("added_tokens", limit=MOST_TOKENS):
        number = _number(added, len(pieces))
        pieces += [b""] * (number + 1 - len(pieces))
        pieces[number] = added.text("content").encode()
        if added.raw("special") is True:
            special.add(number)
    return Vocabulary(pieces, frozenset(special))


def _number(added: Record, known: int) -> int:
    number = added.index("id")
    if number > known + 100_000:
        raise added.wrong("id", "a number near the vocabulary's others")
    return number


def _tokens(tokenizer: Record) -> dict[str, int]:
    """Token to number, from a table of either form."""
    table: Any = tokenizer.raw("model")
    table = table.get("vocab") if isinstance(table, dict) else None
    if isinstance(table, list):
        table = {row[0]: number for number, row in enumerate(table) if isinstance(row, list) and row}
    if not isinstance(table, dict) or not table or len(table) > MOST_TOKENS:
        raise Unreadable(f"{tokenizer.place} has no vocabulary. Name the tokenizer.json of the language model.")
    most = len(table) + 100_000
    if not all(
        isinstance(token, str) and type(number) is int and 0 <= number < most for token, number in table.items()
    ):
        raise Unreadable(f"{tokenizer.place}: the vocabulary should give each token a number of its own.")
    return table


def _speller(tokenizer: Record, tokens: dict[str, int]) -> Any:
    """How a token of this vocabulary is turned into bytes."""
    kinds = set(_kinds(tokenizer.raw("decoder")))
    if "ByteLevel" in kinds:
        return _byte_level
    if "WordPiece" in kinds:
        return _word_piece
    if kinds & {"ByteFallback", "Metaspace", "Replace"} or any(PIECE_SPACE in token for token in tokens):
        return _sentence_piece
    raise Unreadable(
        f"{tokenizer.place}: tokens of the kind {', '.join(sorted(kinds)) or 'unnamed'} are not known here. "
        "Byte-level, SentencePiece and WordPiece are."
    )


def _kinds(decoder: Any) -> list[str]:
    """Of a decoder, or of the ones that it is a sequence of."""
    if not isinstance(decoder, dict):
        return []
    inner = decoder.get("decoders")
    steps = [decoder, *inner] if isinstance(inner, list) else [decoder]
    kinds = [step.get("type") for step in steps if isinstance(step, dict)]
    return [kind for kind in kinds if isinstance(kind, str)]


def _byte_level(token: str) -> bytes:
    return b"".join(bytes([ALPHABET[sign]]) if sign in ALPHABET else sign.encode("utf-8", "replace") for sign in token)


def _sentence_piece(token: str) -> bytes:
    found = HEX_BYTE.fullmatch(token)
    return bytes([int(found[1], 16)]) if found else token.replace(PIECE_SPACE, " ").encode("utf-8", "replace")


def _word_piece(token: str) -> bytes:
    """A word's first piece stands behind a space, its others behind nothing."""
    return (token[2:] if token.startswith("##") else f" {token}").encode("utf-8", "replace")
