"""What a researcher does to a rubric's items by one button: add, remove, move; options and worked examples likewise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from annotation.enums import ItemKind
from annotation.rules.described_rubric import DescribedRubric, complete_items
from annotation.rules.refusal import Refused
from annotation.rules.rubric_item import SCALES, closed

NEW = "new-"
"""Keys of items whose question has not been written begin so."""
UNKNOWN = "The editor does not know this button. Reload the page; what you saved is there."

Item = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One button. Places count from 1; `part` is that of an option or example."""

    what: str
    item: int = 0
    part: int = 0
    kind: str = ""

    @classmethod
    def read(cls, text: str) -> "Wish":
        """From `add:ordinal`, `up:3` or `remove-option:3:2`. Raises Refused for anything else."""
        what, *rest = text.split(":")
        if what == "add" and len(rest) == 1 and rest[0] in ItemKind.values:
            return cls(what=what, kind=rest[0])
        if what in WISHES and 1 <= len(rest) <= 2 and all(number.isdecimal() for number in rest):
            places = [int(number) for number in rest]
            return cls(what=what, item=places[0], part=places[1] if len(places) > 1 else 0)
        raise Refused(UNKNOWN)


def granted(content: DescribedRubric, wish: Wish) -> tuple[DescribedRubric, Wish]:
    """The rubric with the wish fulfilled, and where what was changed stands now.

    A wish for what is not there, such as moving the first item up, changes nothing.
    """
    items = list(content.items)
    if wish.what == "add":
        items.append(new_item(wish.kind, [str(item["key"]) for item in items]))
        return replace(content, items=tuple(items)), replace(wish, item=len(items))
    if not 1 <= wish.item <= len(items):
        return content, wish
    verb, _, field = wish.what.partition("-")
    if not field:
        place = _apply(items, verb, wish.item)
        return replace(content, items=tuple(items)), replace(wish, item=place)
    item = items[wish.item - 1]
    rows = [dict(row) for row in item[f"{field}s"]]
    if verb == "add":
        rows.append(_new_option(item, rows) if field == "option" else {"text": "", "answer": "", "why": ""})
        place = len(rows)
    else:
        place = _apply(rows, verb, wish.part)
    if field == "option" and item["kind"] in SCALES:
        rows = [{**row, "value": value} for row, value in zip(rows, _points(item, len(rows)), strict=True)]
    items[wish.item - 1] = {**item, f"{field}s": rows}
    return replace(content, items=tuple(items)), replace(wish, part=place)


def new_item(kind: str, keys: Sequence[str]) -> Item:
    """An empty item with the options that its kind cannot do without."""
    number = next(number for number in range(1, len(keys) + 2) if f"{NEW}{number}" not in keys)
    item = {
        "key": f"{NEW}{number}",
        "kind": kind,
        "question": "",
        "required": kind not in (ItemKind.FLAGS, ItemKind.TEXT),
    }
    values: Sequence[Any] = range(1, 6) if kind in SCALES else ("", "") if closed(item) else ()
    (whole,) = complete_items([{**item, "options": [{"value": value, "label": "", "help": ""} for value in values]}])
    return whole


def _apply(rows: list[Any], verb: str, place: int) -> int:
    """Move or remove in place; returns where the row stands now, or its neighbour where it is gone."""
    if not 1 <= place <= len(rows):
        return place
    if verb == "remove":
        del rows[place - 1]
        return min(place, len(rows))
    other = place - 1 if verb == "up" else place + 1
    if 1 <= other <= len(rows):
        rows[place - 1], rows[other - 1] = rows[other - 1], rows[place - 1]
        return other
    return place


def _new_option(item: Item, rows: Sequence[Item]) -> dict[str, Any]:
    return {"value": len(rows) if item["kind"] in SCALES else "", "label": "", "help": ""}


def _points(item: Item, number: int) -> range:
    """Points count on from the lowest that the scale had."""
    first = item["options"][0]["value"] if item["options"] else 1
    start = first if isinstance(first, int) else 1
    return range(start, start + number)


WISHES = (
    "remove",
    "up",
    "down",
    *(f"{verb}-{row}" for row in ("option", "example") for verb in ("add", "remove", "up", "down")),
)
