"""The words of a rubric for what results are stored under: item keys and answer values."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from annotation.enums import ItemKind
from annotation.models import RubricItem, RubricVersion
from annotation.queries.rating_records import NOT_CLINICAL
from annotation.science.members import NO, YES
from annotation.science.types import OTHER

FIXED = {NOT_CLINICAL: "Not clinical", OTHER: "Some other concept", YES: "Yes", NO: "No"}


@dataclass(frozen=True, kw_only=True)
class ItemWords:
    """How one item of the results is written."""

    key: str
    name: str
    """Short, for a table's row: `Coherence`, `Flags: artefact`."""
    question: str
    answers: dict[str, str]
    """Value, as text, to its label."""

    def label(self, value: Any) -> str:
        """The answer as the rubric words it, and as it is where the rubric has no word for it."""
        text = str(value)
        return self.answers.get(text) or FIXED.get(text) or text


@dataclass(frozen=True)
class RubricWords:
    items: tuple[RubricItem, ...]

    @property
    def concept_key(self) -> str:
        """Key of the open item; empty in a rubric without one."""
        return next((item.key for item in self.items if item.kind == ItemKind.CONCEPT), "")

    def of(self, key: str) -> ItemWords:
        """Words of a stored item: a rubric item, or one flag of it stored as `<item>…<flag>`."""
        item = next((item for item in self.items if item.key == key), None)
        if item:
            return ItemWords(key=key, name=_name(item.key), question=item.question, answers=_labels(item))
        for flags in (item for item in self.items if item.kind == ItemKind.FLAGS and key.startswith(item.key)):
            flag = key.removeprefix(flags.key).lstrip("-.:_")
            label = _labels(flags).get(flag, flag)
            return ItemWords(key=key, name=label, question=flags.question, answers={flag: label})
        return ItemWords(key=key, name=_name(key), question="", answers={})

    def answers(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        """A rating's answers as (item, label) in the rubric's order, without the concept."""
        return [(_name(item.key), _written(item, values[item.key])) for item in self.items if item.key in values]


def rubric_words(version: RubricVersion) -> RubricWords:
    """One statement."""
    return RubricWords(tuple(version.items.order_by("position")))


def _labels(item: RubricItem) -> dict[str, str]:
    scale = item.kind in (ItemKind.ORDINAL, ItemKind.CONFIDENCE)
    return {
        str(option["value"]): f"{option['value']}: {option['label']}" if scale else str(option["label"])
        for option in item.options
    }


def _written(item: RubricItem, value: Any) -> str:
    labels = _labels(item)
    chosen: Iterable[Any] = value if isinstance(value, list | tuple) else [value]
    return ", ".join(labels.get(str(one), str(one)) for one in chosen) or "none"


def _name(key: str) -> str:
    return key.replace("-", " ").replace("_", " ").capitalize()
