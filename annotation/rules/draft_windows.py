"""Two windows on one latent: a window that has not seen the newest draft must not overwrite it unasked."""

import re
from typing import Any

from annotation.models import Draft
from annotation.rules.refusal import Refused

WINDOW = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LARGEST_NUMBER = 2**31 - 1
REVISES = "revises"
"""The field of a revision's form, and of its draft, with the rating that it revises."""


class NewerDraft(Refused):
    """Another window of hers saved later than this one knows; `draft` is what it saved."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        super().__init__("Another window has saved other answers to this latent meanwhile. Choose which ones count.")


def check_newest(stored: Draft, *, window: str, number: int) -> None:
    """Raises NewerDraft unless the window saved last itself, or names the number of the newest draft.

    window: its random name; empty without JavaScript, and then its drafts are those of one window.
    """
    if stored.window != window and stored.number != number:
        raise NewerDraft(stored)


def revision_begun(draft: Draft | None, rating: int) -> dict[str, Any] | None:
    """What she had entered to revise this rating; None where the draft is none of it."""
    return draft.answers if draft and read_number(draft.answers.get(REVISES)) == rating else None


def read_window(raw: Any) -> str:
    """The window's name as a browser sent it; empty where it is none."""
    return raw if isinstance(raw, str) and WINDOW.fullmatch(raw) else ""


def read_number(raw: Any) -> int:
    """The draft's number as a browser sent it; 0, which no draft has, where it is none."""
    text = str(raw)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 11 and int(text) <= LARGEST_NUMBER else 0
