"""Whether a conditional item is asked: its condition names an earlier item and the answers after which it is."""

from collections.abc import Mapping
from typing import Any

from annotation.models import RubricItem


def is_asked(item: RubricItem, values: Mapping[str, Any]) -> bool:
    """`values`: cleaned answers by key to the items before it that were asked; a list where several may be chosen.

    An item whose condition rests on one that was not asked is not asked either.
    """
    if item.condition is None:
        return True
    given = values.get(item.condition["item"])
    chosen = given if isinstance(given, list | tuple) else [given]
    wanted = set(map(str, item.condition["values"]))
    return any(str(value) in wanted for value in chosen if value is not None)
