"""A term of a code system, as its package gives it and as a search finds it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    code: str
    label: str
    synonyms: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    """Codes right above it."""
    heading: bool = False
    """It groups codes and is none itself: never offered, only shown above them."""


@dataclass(frozen=True, kw_only=True)
class Term:
    code: str
    label: str
    """The system's own name of it, unchanged."""
    name: str
    """The name that was found: the label or a synonym."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A code or heading in its system's hierarchy."""

    code: str
    label: str
    parents: tuple[str, ...]
