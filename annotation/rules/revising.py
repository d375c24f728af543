"""What a revision must say besides the rating: why."""

from annotation.rules.answers import Incomplete

REASON_LIMIT = 500


def check_reason(reason: str) -> str:
    """The reason as it is stored. Raises Incomplete where there is none, or a whole essay."""
    told = reason.replace("\x00", "").strip()
    if not told:
        raise Incomplete(
            {"reason": "Say in a few words why you change it: your first rating stays on record beside it."}
        )
    if len(told) > REASON_LIMIT:
        raise Incomplete({"reason": f"The reason is longer than {REASON_LIMIT} characters. Shorten it."})
    return told
