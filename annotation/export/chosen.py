"""What a study chose to let leave beyond what every release holds."""

from collections.abc import Set
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Nothing, unless somebody said so."""

    snippets: bool = False
    """Text: the study says so, and the corpus permits it."""
    raters: bool = False
    """A table of the raters."""
    attributes: Set[str] = field(default_factory=frozenset)
    """... and in it specialty, seniority, calibration: those that are named."""


NOTHING = Chosen()
EVERYTHING = Chosen(snippets=True, raters=True, attributes=frozenset({"specialty", "seniority", "calibration"}))
"""For the column dictionary."""
