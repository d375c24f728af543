"""One document, and what stands in place of one that cannot be taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DOCUMENT_LIMIT = 4 * 1024 * 1024
"""Of a line, in bytes, and a text, in characters. A note has some kilobytes; a longer one is in the wrong format."""


@dataclass(frozen=True, kw_only=True)
class DocumentRecord:
    key: str
    text: str
    specialty: str
    note_type: str
    patient: str = ""
    """Pseudonym; empty where the corpus does not say whose document it is."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a format says of a document, or of a section of one."""

    place: str
    """File and line, for sentences."""
    values: Mapping[str, Any]
    left_out: "Lack | None" = None
    """Why there is no text in it, where the format knows."""
    detail: str = ""
    """... such as the attachment's type."""


class Lack(StrEnum):
    """Why a document may be left out, if whoever imports says so. Everything else that is wrong refuses the import."""

    EMPTY = "empty"
    ATTACHMENT = "attachment"
    ELSEWHERE = "elsewhere"
    IN_ERROR = "in-error"


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    place: str
    key: str
    lack: Lack
    detail: str = ""

    def __str__(self) -> str:
        why = {
            Lack.EMPTY: "has no text",
            Lack.ATTACHMENT: f"has no attachment of text/plain or text/html, only {self.detail}",
            Lack.ELSEWHERE: "has no text: its attachment is kept elsewhere, and nothing is fetched",
            Lack.IN_ERROR: f"is marked as {self.detail}",
        }[self.lack]
        return f"{self.place}: the document “{self.key}” {why}."
