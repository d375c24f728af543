"""Tokens of a window put together to text, and where each stands in it.

Tools write tokens in different spellings: as text, in the byte alphabet of GPT-2 (`Ġ` for a space, `âĢĵ` for a dash),
or in SentencePiece's (`▁` for a space, `<0x0A>` for a byte). All become the text that the model read.
"""

import codecs
import re
from collections.abc import Sequence
from itertools import accumulate

from annotation.interop.record import clean

SPECIAL = re.compile(r"<\|[^|>]{1,60}\|>|</?s>|<(bos|eos|pad|unk|mask)>|\[(CLS|SEP|PAD|UNK|MASK)\]")
"""Tokens that are no text. They are left out, and what fires on them with them."""
PIECE_SPACE = "\u2581"
HEX_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def byte_alphabet() -> dict[str, int]:
    """GPT-2's spelling of bytes as printable characters: printable Latin-1 as itself, the rest from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}


ALPHABET = byte_alphabet()
SPELT = {sign: bytes([byte]) for sign, byte in ALPHABET.items()} | {
    sign: sign.encode() for sign in (" ", "\n", "\t", "\r", "\u2014", "\u2013", "\u201c", "\u201d", "\u2018", "\u2019")
}
"""What a token in the byte alphabet may hold, some of it spelt out already, as SAEDashboard does with the commonest."""


def text_of(pieces: Sequence[bytes], *, errors: str = "replace") -> tuple[str, list[int]]:
    """The text, and [token] where each ends in it. A character that several tokens share belongs to the last of them.

    Raises UnicodeDecodeError where `errors` is "strict" and the bytes are not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    parts, ends, length = [], [], 0
    for piece in pieces:
        part = decoder.decode(piece)
        length += len(part)
        parts.append(part)
        ends.append(length)
    return clean("".join(parts)), ends


def text_of_strings(tokens: Sequence[str]) -> tuple[str, list[int]]:
    """The same of tokens as a tool has spelt them; those that are no text are empty."""
    texts = ["" if token[:1] in ("<", "[") and SPECIAL.fullmatch(token) else token for token in tokens]
    text = "".join(texts)
    if PIECE_SPACE in text or ("<0x" in text and any(map(HEX_BYTE.fullmatch, texts))):
        return text_of([_piece(text) for text in texts])
    if text.isascii():
        return clean(text), list(accumulate(map(len, texts)))
    return _from_alphabet(texts) or text_of([text.encode("utf-8", "surrogatepass") for text in texts])


def _piece(text: str) -> bytes:
    found = HEX_BYTE.fullmatch(text)
    return bytes([int(found[1], 16)]) if found else text.replace(PIECE_SPACE, " ").encode("utf-8", "replace")


def _from_alphabet(texts: Sequence[str]) -> tuple[str, list[int]] | None:
    """None where they are not in the byte alphabet: a text that is no mistake hardly ever is UTF-8 in it."""
    try:
        pieces = [b"".join(SPELT[sign] for sign in text) for text in texts]
    except KeyError:
        return None
    try:
        return text_of(_from_whole_character(pieces), errors="strict")
    except UnicodeDecodeError:
        return None


def _from_whole_character(pieces: list[bytes]) -> list[bytes]:
    """A window may begin inside a character, whose rest says nothing."""
    cut, rest = [], 3
    for place, piece in enumerate(pieces):
        kept = piece
        while kept and rest and kept[0] & 0xC0 == 0x80:
            kept, rest = kept[1:], rest - 1
        cut.append(kept)
        if kept:
            return [*cut, *pieces[place + 1 :]]
    return cut
