"""What the rubric editor's form sent, as a rubric. Fields: `item-<n>-question`, `item-<n>-option-<m>-label`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import QueryDict
from django.utils.text import slugify

from annotation.enums import ItemKind
from annotation.rules.described_rubric import DescribedRubric, complete_items
from annotation.rules.rubric_editing import NEW
from annotation.rules.rubric_item import SCALES, TAKEN

KEY_LENGTH, VALUE_LENGTH = 28, 24
"""Characters of names that are made from a question or a label."""
NEWLINES = re.compile(r"\r\n?")


def read_rubric(post: QueryDict, *, stored: DescribedRubric, fixed: Mapping[str, set[str]]) -> DescribedRubric:
    """The rubric as the form has it.

    stored: the draft as it was saved last; fixed: keys of the version it rests on, each with its options' values.
    Keys and values follow the words that they were made from, until they are written by hand or published.
    """
    old = {item["key"]: item for item in stored.items}
    read: list[dict[str, Any]] = []
    renamed: dict[str, dict[str, Any]] = {}
    numbers = _numbers(post, r"item-(\d+)-kind")
    for n in numbers:
        later = [_text(post, f"item-{m}-key") for m in numbers if m > n]
        item = _read_item(post, f"item-{n}", old, fixed, [*(other["key"] for other in read), *later])
        renamed[item.pop("was")] = item
        read.append(item)
    for item in read:
        item["condition"] = _condition(item.pop("after"), item.pop("after_values"), renamed)
        if item["kind"] == ItemKind.CONCEPT:
            item |= {"required": True, "condition": None}
    for item in read:
        item["options"] = [{name: row[name] for name in ("value", "label", "help")} for row in item["options"]]
    return DescribedRubric(guidance=_text(post, "guidance"), sources=_text(post, "sources"), items=complete_items(read))


def field_names(content: DescribedRubric) -> dict[str, str]:
    """Value of each field that the server may have renamed, for a page that stays open after saving."""
    names: dict[str, str] = {}
    for n, item in enumerate(content.items, start=1):
        names |= {f"item-{n}-key": item["key"], f"item-{n}-was": item["key"]}
        for m, option in enumerate(item["options"], start=1):
            value = str(option["value"])
            names |= {f"item-{n}-option-{m}-value": value, f"item-{n}-option-{m}-was": value}
    return names


def _read_item(
    post: QueryDict, prefix: str, old: Mapping[str, Any], fixed: Mapping[str, set[str]], taken: Iterable[str]
) -> dict[str, Any]:
    kind, question, was = (
        post.get(f"{prefix}-kind", ""),
        _text(post, f"{prefix}-question"),
        post.get(f"{prefix}-was", ""),
    )
    before = old.get(was, {})
    key = _text(post, f"{prefix}-key")
    if key.startswith(NEW) or (was not in fixed and _follows(key, was, before.get("question", ""), KEY_LENGTH)):
        key = _free(name_from(question, KEY_LENGTH), {*taken, *TAKEN}) or _unnamed(taken)
    after = post.get(f"{prefix}-after", "")
    rows = {str(option["value"]): str(option["label"]) for option in before.get("options", ())}
    return {
        "was": was,
        "key": key,
        "kind": kind,
        "question": question,
        "help": _text(post, f"{prefix}-help"),
        "required": f"{prefix}-required" in post,
        "options": []
        if kind in (ItemKind.CONCEPT, ItemKind.TEXT)
        else _options(post, prefix, kind, rows, fixed.get(was, set())),
        "examples": _examples(post, prefix),
        "after": after,
        "after_values": post.getlist(f"{prefix}-after-{after}"),
    }


def _options(
    post: QueryDict, prefix: str, kind: str, labels: Mapping[str, str], fixed: set[str]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for m in _numbers(post, rf"{prefix}-option-(\d+)-label"):
        row = f"{prefix}-option-{m}"
        value, was, label = _text(post, f"{row}-value"), post.get(f"{row}-was", ""), _text(post, f"{row}-label")
        if kind not in SCALES and was not in fixed and _follows(value, was, labels.get(was, ""), VALUE_LENGTH):
            value = _free(name_from(label, VALUE_LENGTH), {other["value"] for other in rows})
        rows.append({"value": value, "was": was, "label": label, "help": _text(post, f"{row}-help")})
    if kind in SCALES and rows:
        first = int(rows[0]["value"]) if rows[0]["value"].isdecimal() else 1
        rows = [{**row, "value": point} for point, row in enumerate(rows, start=first)]
    return rows


def _examples(post: QueryDict, prefix: str) -> list[dict[str, str]]:
    return [
        {name: _text(post, f"{prefix}-example-{m}-{name}") for name in ("text", "answer", "why")}
        for m in _numbers(post, rf"{prefix}-example-(\d+)-text")
    ]


def _condition(after: str, values: list[str], renamed: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """In the keys and values that the form gives now; what it does not know stays, so that it is told."""
    if not after:
        return None
    parent = renamed.get(after)
    if parent is None:
        return {"item": after, "values": values}
    known = {row["was"]: row["value"] for row in parent["options"]}
    return {"item": parent["key"], "values": [known.get(value, value) for value in values]}


def _follows(name: str, was: str, words: str, length: int) -> bool:
    """Whether the name is still the one that was made from the words."""
    return not name or (name == was and bool(words) and name == name_from(words, length))


def name_from(words: str, length: int) -> str:
    """Small letters, digits and hyphens, cut after a word; may be empty."""
    whole = slugify(words).replace("_", "-").strip("-")
    if len(whole) <= length:
        return whole
    return whole[: length + 1].rpartition("-")[0].strip("-") or whole[:length]


def _free(name: str, taken: Iterable[str]) -> str:
    if not name or name not in taken:
        return name
    return next(other for number in range(2, 100) if (other := f"{name}-{number}") not in taken)


def _unnamed(taken: Iterable[str]) -> str:
    return next(f"{NEW}{number}" for number in range(1, 100) if f"{NEW}{number}" not in taken)


def _numbers(post: QueryDict, pattern: str) -> list[int]:
    whole = re.compile(pattern)
    return sorted(int(found[1]) for name in post if (found := whole.fullmatch(name)) and len(found[1]) < 4)


def _text(post: QueryDict, name: str) -> str:
    """Without NUL, which Postgres cannot store, and with line breaks of one character."""
    return NEWLINES.sub("\n", post.get(name, "").replace("\x00", "")).strip()
