"""What may be kept as a draft: complete or not, but small, flat, and nothing that the database cannot hold."""

import json
import math
from collections.abc import Mapping
from typing import Any

from annotation.rules.refusal import Refused

SIZE_LIMIT = 20_000
"""Characters of the draft as JSON: the longest rationale, concept and every answer fit several times."""


def check_draft(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The answers by item key, cleaned of characters that Postgres cannot store.

    Raises Refused if they are too long, or are anything else than texts, numbers and lists of them.
    """
    answers = {_text(str(key)): _value(value) for key, value in raw.items()}
    if len(json.dumps(answers, ensure_ascii=False)) > SIZE_LIMIT:
        raise Refused("This is too long to be kept as a draft. Shorten the rationale.")
    return answers


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return [_single(part) for part in value]
    return None if value is None else _single(value)


def _single(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    raise Refused("This draft is not made of a rubric's answers. Reload the page.")


def _text(value: str) -> str:
    """Without NUL and without halves of surrogate pairs, which are no text."""
    return value.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
