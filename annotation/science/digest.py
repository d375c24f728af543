"""A digest of inputs, so that a derived row can say what it was computed from and "stale" can be computed."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from typing import Any


def digest(records: Iterable[Any], **context: Any) -> str:
    """sha256, in hex, over the records in sorted order and the context (parameters, seed) by name.

    Records may be dataclasses, mappings, sequences, sets, numbers, text, booleans or None; their order does not count,
    each one's repetition does. Floats are written with all their digits.
    """
    lines = sorted(_line(record) for record in records)
    body = "\n".join([_line(context), *lines])
    return hashlib.sha256(body.encode()).hexdigest()


def _line(record: Any) -> str:
    return json.dumps(_plain(record), sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {type(value).__name__: _plain(asdict(value))}
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, set | frozenset):
        return {"set": sorted(_line(inner) for inner in value)}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"A {type(value).__name__} cannot be part of a digest; pass text, numbers or a dataclass.")
