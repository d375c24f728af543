"""Whether a rubric can be rated and computed with: said when it is published, not after people have rated."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from annotation.enums import ItemKind
from annotation.rules.answers import RESERVED
from annotation.rules.refusal import Refused

KEY = re.compile(r"[a-z0-9][a-z0-9-]*")
KEY_LIMIT = 40
"""Characters of an item's key, and of `<key>-<flag>`, under which a flag's consensus is stored."""
TAKEN = ("outcome", "rationale", "ticket", "active_seconds", "csrfmiddlewaretoken", "answers")
"""Names that the rating form uses itself."""


def check_rubric(items: Iterable[Mapping[str, Any]]) -> None:
    """Raises Refused with a sentence about the first item that would break a form or a computation."""
    given = list(items)
    keys = Counter(item["key"] for item in given)
    if repeated := [key for key, count in keys.items() if count > 1]:
        raise Refused(f"The rubric has two items with the key “{repeated[0]}”. Give each its own.")
    if sum(item["kind"] == ItemKind.CONCEPT for item in given) != 1:
        raise Refused("A rubric has one item of the kind concept: its ambiguity decides what is accepted.")
    for item in given:
        _check_item(item)


def _check_item(item: Mapping[str, Any]) -> None:
    key, kind = str(item["key"]), item["kind"]
    if kind not in ItemKind.values:
        raise Refused(
            f"The rubric item “{key}” is of the unknown kind “{kind}”. There are: {', '.join(ItemKind.values)}."
        )
    if not KEY.fullmatch(key) or len(key) > KEY_LIMIT or key in TAKEN:
        raise Refused(
            f"“{key}” cannot be the key of a rubric item: use at most {KEY_LIMIT} small letters, digits and hyphens, "
            f"and none of {', '.join(TAKEN)}."
        )
    if kind != ItemKind.CONCEPT:
        _check_options(key, ItemKind(kind), item["options"])


def _check_options(key: str, kind: ItemKind, options: Any) -> None:
    values = [option.get("value") for option in options]
    if len(set(map(str, values))) != len(values) or len(values) < (1 if kind == ItemKind.FLAGS else 2):
        raise Refused(f"The rubric item “{key}” needs at least two options, each with a value of its own.")
    scale = kind in (ItemKind.ORDINAL, ItemKind.CONFIDENCE)
    for value in values:
        if scale and (isinstance(value, bool) or not isinstance(value, int)):
            raise Refused(f"The scale “{key}” has the option “{value}”: the points of a scale are whole numbers.")
        if not scale and (not isinstance(value, str) or not KEY.fullmatch(value)):
            raise Refused(f"The option “{value}” of “{key}” must be small letters, digits and hyphens.")
        if value in RESERVED or (kind == ItemKind.FLAGS and len(f"{key}-{value}") > KEY_LIMIT):
            raise Refused(f"The option “{value}” of “{key}” is a reserved word or too long. Name it otherwise.")
