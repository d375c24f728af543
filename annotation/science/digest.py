"""A digest of inputs, so that a derived row can say what it was computed from and "stale" can be computed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def digest(records: Iterable[Any], **context: Any) -> str:
    """sha256, in hex, over the records in sorted order and the context (parameters, seed) by name.

    Records may be dataclasses, mappings, sequences, sets, numbers, text, booleans or None; their order does not count,
    each one's repetition does. Floats are written with all their digits.
    """
    lines = sorted(_line(record) for record in records)
    body = "\n".join([_line(context), *lines])
    return hashlib.sha256(body.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """What the encoder does not know by itself."""
    if is_dataclass(value) and not isinstance(value, type):
        return {type(value).__name__: {field.name: getattr(value, field.name) for field in fields(value)}}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return {"set": sorted(_line(inner) for inner in value)}
    raise TypeError(f"A {type(value).__name__} cannot be part of a digest; pass text, numbers or a dataclass.")


_line = json.JSONEncoder(
    sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False, default=_plain
).encode
