"""What is wrong with one item of a rubric: a sentence a problem, all at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation.enums import ItemKind
from annotation.rules.answers import RESERVED

KEY = re.compile(r"[a-z0-9][a-z0-9-]*")
KEY_LIMIT = 40
"""Characters of an item's key, and of `<key>-<flag>`, under which a flag's consensus is stored."""
TAKEN = (
    "outcome",
    "rationale",
    "ticket",
    "csrfmiddlewaretoken",
    "answers",
    "evidence",
    "window",
    "reason",
    "revision",
    "number",
)
"""Names that the rating form uses itself. It also uses names that begin with `fit-`, and some with underscores."""
QUESTION_LIMIT, LABEL_LIMIT, HELP_LIMIT, EXAMPLE_LIMIT = 200, 80, 1000, 600
MOST_OPTIONS, MOST_EXAMPLES = 30, 6
POINTS = range(2, 8)
"""How many points a scale may have."""
LARGEST_POINT = 9
"""The last one that a single key can press."""
SCALES = (ItemKind.ORDINAL, ItemKind.CONFIDENCE)
OPEN = (ItemKind.CONCEPT, ItemKind.TEXT)
"""Kinds without options."""


def item_problems(item: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]) -> list[str]:
    """`item` and those before it have the fields of RubricItem; what is left out is empty."""
    return [*_about_itself(item), *_about_examples(item), *_about_condition(item, earlier)]


def closed(item: Mapping[str, Any]) -> bool:
    """Whether it is answered by choosing among options."""
    return item.get("kind") in ItemKind.values and item.get("kind") not in OPEN


def values_of(item: Mapping[str, Any]) -> list[Any]:
    """Its options' values, in order."""
    return [option.get("value") for option in _rows(item, "options")]


def _rows(item: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """Options or examples; nothing where they are not a list of objects."""
    given = item.get(field) or []
    return [row for row in given if isinstance(row, Mapping)] if isinstance(given, list | tuple) else []


def _about_itself(item: Mapping[str, Any]) -> Iterator[str]:
    key, kind = str(item.get("key") or ""), item.get("kind")
    if not KEY.fullmatch(key) or len(key) > KEY_LIMIT or key in TAKEN or key.startswith("fit-"):
        yield (
            f"“{key}” cannot be the key of an item: use at most {KEY_LIMIT} small letters, digits and hyphens, and "
            f"none of the form's own names ({', '.join(TAKEN)}, and what begins with fit-)."
        )
    question = str(item.get("question") or "").strip()
    if not question:
        yield "The question is missing."
    if len(question) > QUESTION_LIMIT:
        yield _too_long("The question", QUESTION_LIMIT)
    if len(str(item.get("help") or "")) > HELP_LIMIT:
        yield _too_long("The help", HELP_LIMIT)
    if kind not in ItemKind.values:
        yield f"It is of the unknown kind “{kind}”. There are: {', '.join(ItemKind.values)}."
    elif kind == ItemKind.CONCEPT and (not item.get("required", True) or item.get("condition")):
        yield "The concept is always asked, and required: its ambiguity decides what is accepted."
    else:
        yield from _about_options(item, key, ItemKind(kind))


def _about_options(item: Mapping[str, Any], key: str, kind: ItemKind) -> Iterator[str]:
    options = _rows(item, "options")
    if kind in OPEN:
        if item.get("options"):
            yield "It is answered in words, so that it has no options. Remove them, or choose another kind."
        return
    if len(options) != len(item.get("options") or []):
        yield "Its options are not a list of {value, label, help}."
        return
    values = [str(option.get("value")) for option in options]
    if len(set(values)) != len(values) or len(values) < (1 if kind == ItemKind.FLAGS else 2):
        yield f"It needs at least {'one option' if kind == ItemKind.FLAGS else 'two options'}, each with its own value."
    if len(values) > MOST_OPTIONS:
        yield f"It has {len(values)} options. More than {MOST_OPTIONS} cannot be read in a rating."
    if kind in SCALES:
        yield from _about_points([option.get("value") for option in options])
    for number, option in enumerate(options, start=1):
        yield from _about_option(option, number, key, kind)


def _about_points(points: Sequence[Any]) -> Iterator[str]:
    if any(isinstance(point, bool) or not isinstance(point, int) for point in points):
        yield "The points of a scale are whole numbers."
        return
    if len(points) not in POINTS:
        yield f"A scale has {POINTS[0]} to {POINTS[-1]} points; this one has {len(points)}."
    if list(points) != sorted(points) or any(not 0 <= point <= LARGEST_POINT for point in points):
        yield f"The points of a scale rise, from 0 at the lowest to {LARGEST_POINT} at the highest."


def _about_option(option: Mapping[str, Any], number: int, key: str, kind: ItemKind) -> Iterator[str]:
    value, label = option.get("value"), str(option.get("label") or "").strip()
    if kind in SCALES:
        if not label:
            yield f"Point {value} has no anchor. Write what it means, so that two raters mean the same by it."
        name = f"The anchor of point {value}"
    else:
        if not isinstance(value, str) or not KEY.fullmatch(value):
            yield f"The option “{value}” must be small letters, digits and hyphens."
        elif value in RESERVED or (kind == ItemKind.FLAGS and len(f"{key}-{value}") > KEY_LIMIT):
            yield f"The option “{value}” is a reserved word or too long. Name it otherwise."
        if not label:
            yield f"Option {number} has no label."
        name = f"The label of option {number}"
    if len(label) > LABEL_LIMIT:
        yield _too_long(name, LABEL_LIMIT)
    if len(str(option.get("help") or "")) > HELP_LIMIT:
        yield _too_long(f"The help of option {number}", HELP_LIMIT)


def _about_examples(item: Mapping[str, Any]) -> Iterator[str]:
    examples = _rows(item, "examples")
    if len(examples) != len(item.get("examples") or []):
        yield "Its examples are not a list of {text, answer, why}."
    if len(examples) > MOST_EXAMPLES:
        yield f"It has {len(examples)} worked examples. Choose the {MOST_EXAMPLES} that teach most."
    for number, example in enumerate(examples, start=1):
        for field, words in (("text", "text"), ("answer", "answer")):
            if not str(example.get(field) or "").strip():
                yield f"Worked example {number} has no {words}."
        if any(len(str(example.get(field) or "")) > EXAMPLE_LIMIT for field in ("text", "answer", "why")):
            yield f"A part of worked example {number} is longer than {EXAMPLE_LIMIT} characters. Shorten it."


def _about_condition(item: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    condition = item.get("condition")
    if condition is None:
        return
    if not isinstance(condition, Mapping) or not isinstance(condition.get("values"), list | tuple):
        yield "Its condition is not {item, values}."
        return
    other = next((one for one in earlier if one.get("key") == condition.get("item")), None)
    if other is None:
        yield f"It is asked after answers to “{condition.get('item')}”, which is no earlier item. Move it below that."
        return
    if not closed(other):
        yield f"Its condition rests on “{other.get('question')}”, which is answered in words. Choose one with options."
        return
    if not condition["values"]:
        yield f"Choose the answers to “{other.get('question')}” after which it is asked."
    offered = set(map(str, values_of(other)))
    for value in condition["values"]:
        if str(value) not in offered:
            yield f"It is asked after the answer “{value}”, which “{other.get('question')}” does not offer."


def _too_long(what: str, limit: int) -> str:
    return f"{what} is longer than {limit} characters. Shorten it."
