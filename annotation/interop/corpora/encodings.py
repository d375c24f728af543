"""In which letters a file is written. What its bytes prove is taken; what they only suggest is proposed, with the
reason, and taken when whoever imports says so. Nothing is guessed silently."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from annotation.interop.unreadable import Unreadable

CHUNK = 1024 * 1024
UTF_8, UTF_16, WINDOWS, LATIN = "utf-8", "utf-16", "windows-1252", "iso-8859-1"
LEGACY = (WINDOWS, LATIN)
"""What may be said of files that are not UTF-8."""
TITLES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", UTF_16: "UTF-16", WINDOWS: "Windows-1252", LATIN: "Latin-1"}
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, UTF_16), (codecs.BOM_UTF16_BE, UTF_16))
UNDEFINED = frozenset((0x81, 0x8D, 0x8F, 0x90, 0x9D))
"""Bytes that stand for nothing in Windows-1252."""
ASCII, LETTERS = bytes(range(0x80)), bytes(range(0xA0, 0x100))
"""What all encodings here have in common; bytes that are the same letters in Latin-1 and Windows-1252."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    codec: str
    """For Python."""
    reason: str
    """Why this one, as the rest of a sentence that begins with its name."""
    proven: bool = True
    """Otherwise it is taken only where it was named."""

    @property
    def title(self) -> str:
        return TITLES[self.codec]


def find_encoding(path: Path, name: str, *, legacy: str = "", first: int = 0) -> Encoding:
    """Of the whole file, or of its `first` bytes. legacy: what whoever imports says of files that are not UTF-8.

    Raises Unreadable with the line for NUL bytes, for what is no text, and for what is not UTF-8 without `legacy`.
    """
    found = _find(path, name, first)
    if found.proven:
        return found
    if not legacy:
        raise Unreadable(
            f"{found.reason} If that is so, say it: --if-not-utf-8 {found.codec} (on the page: “Files that are not "
            "UTF-8”). If not, save the file as UTF-8."
        )
    said = "it was said that files which are not UTF-8 are in it"
    return Encoding(codec=legacy, reason=said)


def _find(path: Path, name: str, first: int) -> Encoding:
    try:
        with path.open("rb") as file:
            beginning = file.read(4)
        if beginning in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
            raise Unreadable(f"{name} is UTF-32, which is not read. Save it as UTF-8.")
        for mark, codec in MARKS:
            if beginning.startswith(mark):
                _check_decodes(path, name, codec, first)
                return Encoding(codec=codec, reason="the file begins with its byte order mark")
        return _by_bytes(path, name, first)
    except OSError as error:
        raise Unreadable(f"{name} cannot be read: {error.strerror}. Check the name and your rights.") from error


def _check_decodes(path: Path, name: str, codec: str, first: int) -> None:
    decoder = codecs.getincrementaldecoder(codec)()
    line = 1
    for chunk, last in _chunks(path, first):
        try:
            text = decoder.decode(chunk, final=last and not first)
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"{name}, line {line} or after: says that it is {TITLES[codec]} and is not. Save it anew as UTF-8."
            ) from error
        if "\x00" in text:
            raise Unreadable(
                f"{name}, line {line + text[: text.index(chr(0))].count(chr(10))}: holds a NUL character. Remove it."
            )
        line += text.count("\n")


def _by_bytes(path: Path, name: str, first: int) -> Encoding:
    decoder = codecs.getincrementaldecoder(UTF_8)()
    at, broken, high, controls = _At(name), "", 0, bytearray()
    for chunk, last in _chunks(path, first):
        if b"\x00" in chunk:
            raise Unreadable(
                f"{at.line_of(chunk, chunk.index(0))}: holds a NUL character. It is no text, or UTF-16 without its "
                "mark: save it as UTF-8."
            )
        if not broken:
            try:
                decoder.decode(chunk, final=last and not first)
            except UnicodeDecodeError as error:
                start = error.start - (len(error.object) - len(chunk))
                broken = f"{at.line_of(chunk, start)}: not UTF-8 (byte {at.byte_of(chunk, start)})."
        rest = chunk.translate(None, ASCII)
        high += len(rest)
        controls += rest.translate(None, LETTERS)[: CHUNK - len(controls)]
        at.pass_over(chunk)
    if not broken:
        why = (
            "it holds nothing but ASCII"
            if not high
            else "all of it decodes as UTF-8, which other text hardly ever does"
        )
        return Encoding(codec=UTF_8, reason=why)
    return _proposed(broken, high, bytes(controls))


@dataclass
class _At:
    """Where one is in a file that is read in chunks."""

    name: str
    line: int = 1
    held: int = 0
    """Bytes of the line before the chunk at hand."""

    def line_of(self, chunk: bytes, place: int) -> str:
        return f"{self.name}, line {self.line + chunk[: max(0, place)].count(10)}"

    def byte_of(self, chunk: bytes, place: int) -> int:
        """From 1, in its line. place: negative for what began in the chunk before."""
        newline = chunk.rfind(b"\n", 0, max(0, place))
        return place - newline if newline >= 0 else self.held + place + 1

    def pass_over(self, chunk: bytes) -> None:
        self.line += chunk.count(b"\n")
        newline = chunk.rfind(b"\n")
        self.held = self.held + len(chunk) if newline < 0 else len(chunk) - newline - 1


def _proposed(broken: str, high: int, controls: bytes) -> Encoding:
    if UNDEFINED & set(controls):
        byte = min(UNDEFINED & set(controls))
        raise Unreadable(
            f"{broken} Nor is it Windows-1252 or Latin-1, where the byte 0x{byte:02X} stands for no letter. "
            "Save the file as UTF-8."
        )
    if controls:
        why = (
            f"{len(controls):,} of its {high:,} bytes above ASCII are quotation marks, dashes or signs of Windows-1252"
        )
        return Encoding(codec=WINDOWS, proven=False, reason=f"{broken} It reads as Windows-1252: {why}.")
    why = f"none of its {high:,} bytes above ASCII is one in which Latin-1 and Windows-1252 differ"
    return Encoding(codec=LATIN, proven=False, reason=f"{broken} It reads as Latin-1: {why}.")


def _chunks(path: Path, first: int) -> Iterator[tuple[bytes, bool]]:
    """(bytes, whether they are the last)."""
    with path.open("rb") as file:
        if first:
            yield file.read(first), True
            return
        chunk = file.read(CHUNK)
        while chunk:
            following = file.read(CHUNK)
            yield chunk, not following
            chunk = following
