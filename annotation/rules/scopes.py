"""Over which of a study's ratings agreement is computed: the scopes, how they are written, and what they say in words.

A scope is text: its kind, and for most kinds a colon and which one, such as `round:2` or `institution:north`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from annotation.enums import ItemKind

ALL, AS_TYPED, BETWEEN = "all", "as-typed", "between-institutions"
VERSION, ROUND, INSTITUTION = "version", "round", "institution"
SPECIALTY, CALIBRATION, RETEST = "specialty", "calibration", "retest"
KINDS = (ALL, AS_TYPED, VERSION, ROUND, BETWEEN, INSTITUTION, RETEST, SPECIALTY, CALIBRATION)
"""In the order in which pages list them."""
LONGEST = 60
"""Characters that a stored scope may have."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    kind: str
    which: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.which}"[:LONGEST] if self.which else self.kind

    @property
    def number(self) -> int:
        """Of a version, a round or a calibration set."""
        return int(self.which)

    def said(self, institutions: Mapping[str, str]) -> str:
        """As a heading or a line of a list says it; `institutions`: names by code."""
        which = institutions.get(self.which, self.which) if self.kind == INSTITUTION else self.which
        return WORDS[self.kind].format(which)


WORDS = {
    ALL: "All ratings",
    AS_TYPED: "Concepts as they were typed, before any were merged",
    VERSION: "Rubric version {}",
    ROUND: "Round {}",
    BETWEEN: "Between institutions: pairs of raters from different ones",
    INSTITUTION: "Within {}",
    RETEST: "Each rater with herself, on latents that came back",
    SPECIALTY: "Latents of {}",
    CALIBRATION: "Calibration set {}",
}


def read_scope(text: str) -> Scope:
    """A stored scope. Raises ValueError for text that is none."""
    kind, _, which = text.partition(":")
    alone = kind in (ALL, AS_TYPED, BETWEEN, RETEST)
    numbered = kind in (VERSION, ROUND, CALIBRATION)
    if kind not in KINDS or alone == bool(which) or (numbered and not which.isdecimal()):
        raise ValueError(f"There is no scope “{text}”.")
    return Scope(kind=kind, which=which)


def scope_in_words(text: str, institutions: Mapping[str, str]) -> str:
    """What a stored scope takes in, for a heading or a list; `institutions`: names by code."""
    return read_scope(text).said(institutions)


def scope_order(text: str) -> tuple[int, int, str]:
    """Sorts stored scopes: by kind, then by number or name."""
    scope = read_scope(text)
    numbered = scope.kind in (VERSION, ROUND, CALIBRATION)
    return (KINDS.index(scope.kind), scope.number if numbered else 0, scope.which)


def asks(scope: Scope, kind: ItemKind) -> bool:
    """Whether the scope says anything of items of this kind: only concepts are merged."""
    return scope.kind != AS_TYPED or kind == ItemKind.CONCEPT
