"""The OpenAPI description in words, for the reference page."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
Schema = Mapping[str, Any]
CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A field of a shape, or a parameter."""

    name: str
    where: str
    """`query`, `path` or `header`; empty for a field."""
    required: bool
    type: str
    shape: str
    """Name of the shape that it is of; empty for plain values."""
    note: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: str
    said: str
    shape: str
    kind: str
    """Media type; empty without a body."""


@dataclass(frozen=True, kw_only=True)
class ToldOperation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Line, ...]
    takes: str
    """Name of the shape of the body; empty where there is none."""
    answers: tuple[Answer, ...]
    example: str
    """Of what is answered, as JSON; empty where there is none."""
    sent: str
    """Of what is sent."""

    @property
    def parameters_label(self) -> str:
        """For who hears the page."""
        return f"Parameters: {self.summary}"


@dataclass(frozen=True, kw_only=True)
class ToldShape:
    name: str
    note: str
    lines: tuple[Line, ...]
    values: tuple[str, ...]
    """Of a closed list of words."""


def operations_by_tag(description: Schema) -> dict[str, list[ToldOperation]]:
    """In the order of the addresses."""
    found: dict[str, list[ToldOperation]] = {}
    for path, methods in description["paths"].items():
        for method in METHODS:
            if method in methods:
                found.setdefault(methods[method]["tags"][0], []).append(_operation(path, method, methods[method]))
    return found


def shapes(description: Schema) -> list[ToldShape]:
    """By name; pages of lists are left out, they are all alike."""
    named = description["components"]["schemas"]
    return [_shape(name, one) for name, one in sorted(named.items()) if not name.endswith(("Page", "NullEnum"))]


def _operation(path: str, method: str, told: Schema) -> ToldOperation:
    body = _media(told.get("requestBody", {}))
    good = next((_media(one) for status, one in told["responses"].items() if status < "300"), {})
    return ToldOperation(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told["summary"],
        description=_plain(told.get("description", "")),
        parameters=tuple(_parameter(one) for one in told.get("parameters", ())),
        takes=_ref(body.get("schema", {})),
        answers=tuple(_answer(status, one) for status, one in sorted(told["responses"].items())),
        example=_written(good.get("example")),
        sent=_written(body.get("example")),
    )


def _media(told: Schema) -> Schema:
    return next(iter(told.get("content", {}).values()), {})


def _answer(status: str, told: Schema) -> Answer:
    kind = next(iter(told.get("content", {})), "")
    return Answer(
        status=status, said=told.get("description", ""), shape=_ref(_media(told).get("schema", {})), kind=kind
    )


def _parameter(told: Schema) -> Line:
    return _line(told["name"], told["schema"], told.get("required", False), told["in"], told.get("description", ""))


def _shape(name: str, told: Schema) -> ToldShape:
    required = told.get("required", ())
    lines = (_line(field, one, field in required) for field, one in told.get("properties", {}).items())
    values = tuple(str(value) for value in told.get("enum", ()))
    return ToldShape(name=name, note=_plain(told.get("description", "")), lines=tuple(lines), values=values)


def _line(name: str, told: Schema, required: bool, where: str = "", note: str = "") -> Line:
    return Line(
        name=name,
        where=where,
        required=required,
        type=_type(told),
        shape=next(iter(_refs(told)), ""),
        note=_plain(note or told.get("description", "")),
    )


def _type(told: Schema) -> str:
    """In words: `list of numbers`, `word or null`."""
    if "$ref" in told:
        return _ref(told)
    if parts := told.get("allOf") or told.get("oneOf") or told.get("anyOf"):
        return " or ".join(dict.fromkeys(_type(part) for part in parts))
    if "enum" in told:
        return " or ".join(f"“{value}”" for value in told["enum"])
    kinds = told.get("type", "any value")
    words = [_kind(kind, told) for kind in (kinds if isinstance(kinds, list) else [kinds])]
    return " or ".join(words)


def _kind(kind: str, told: Schema) -> str:
    if kind == "array":
        return f"list of {_type(told.get('items', {}))}"
    if kind == "object" and isinstance(told.get("additionalProperties"), Mapping):
        return f"object of {_type(told['additionalProperties']) or 'values'}"
    if kind == "string" and told.get("format") in ("date-time", "uri", "binary"):
        return {"date-time": "time", "uri": "address", "binary": "file"}[told["format"]]
    return kind


def _ref(told: Schema) -> str:
    return str(told.get("$ref", "")).rpartition("/")[2]


def _refs(told: Schema) -> Iterator[str]:
    if name := _ref(told):
        yield name
    for part in (*told.get("allOf", ()), *told.get("oneOf", ()), *told.get("anyOf", ())):
        yield from _refs(part)
    if isinstance(told.get("items"), Mapping):
        yield from _refs(told["items"])


def _plain(text: str) -> str:
    """Words of code are in backticks there, and in quotation marks here."""
    return CODE.sub(r"“\1”", text)


def _written(example: Any) -> str:
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)
