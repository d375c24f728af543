"""A rubric version as plain values: what is checked, compared and saved, before and after it is in the database."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from annotation.models import RubricItem, RubricVersion
from annotation.rules.refusal import Refused

EMPTY: Mapping[str, Any] = {"help": "", "options": [], "required": True, "examples": [], "condition": None}
"""Fields that a described item may leave out."""
FIELDS = ("key", "kind", "question", *EMPTY)


@dataclass(frozen=True, kw_only=True)
class DescribedRubric:
    guidance: str
    sources: str
    """One a line."""
    items: tuple[Mapping[str, Any], ...]
    """In order, each with all of FIELDS."""

    @property
    def edition(self) -> str:
        """Names this content: 16 characters, the same for the same content."""
        content = [self.guidance, self.sources, [[item[field] for field in FIELDS] for item in self.items]]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def rows(self, version: RubricVersion) -> list[RubricItem]:
        """Unsaved items of the version."""
        return [RubricItem(version=version, position=place, **item) for place, item in enumerate(self.items, start=1)]


def described(version: RubricVersion) -> DescribedRubric:
    """One statement."""
    return DescribedRubric(
        guidance=version.guidance,
        sources=version.sources,
        items=tuple({field: getattr(item, field) for field in FIELDS} for item in version.items.order_by("position")),
    )


def complete_items(items: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The items with all of their fields and no others. Raises Refused for one that lacks what it cannot do without."""
    return tuple(_complete(place, item) for place, item in enumerate(items, start=1))


def _complete(place: int, item: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise Refused(f"Item {place} of the rubric is no object with key, kind and question.")
    if missing := {"key", "kind", "question"} - set(item):
        raise Refused(f"Item {place} of the rubric lacks {' and '.join(sorted(missing))}.")
    return {field: item.get(field, EMPTY.get(field)) for field in FIELDS}
