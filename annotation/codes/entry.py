"""A term of a code system, as its package gives it and as a search finds it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    code: str
    label: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Term:
    code: str
    label: str
    """The system's own name of it, unchanged."""
    name: str
    """The name that was found: the label or a synonym."""
