"""Who may say that text of a corpus may leave: an administrator, or whoever has the command line."""

from annotation.models import User
from annotation.rules.refusal import Refused

LONGEST = 500


def check_may_permit(by: User | None) -> None:
    """by: None on the command line. Raises Refused for anyone but an administrator."""
    if by is not None and not by.is_superuser:
        raise Refused(
            "Whether text of a corpus may leave is for an administrator of this installation to say. Ask one, and "
            "bring the permission."
        )


def check_words(words: str) -> str:
    """On what it rests, in one line. Raises Refused without it."""
    words = words.strip()
    if not words or len(words) > LONGEST or not words.isprintable():
        raise Refused(
            f"Say in one line of at most {LONGEST} characters on what this rests: licence or approval, number, date. "
            "No names."
        )
    return words
