"""Whether a rubric can be rated and computed with: said when it is published, not after people have rated."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from annotation.enums import ItemKind
from annotation.rules.refusal import Refused
from annotation.rules.rubric_item import item_problems, values_of

WHOLE = 0
"""Where a problem is of the rubric as a whole; items count from 1."""
MOST_ITEMS = 15
"""More cannot be answered in a minute; each has a letter of its own, and a draft of all of them is kept."""


class Unsound(Refused):
    """The rubric cannot be published; `problems` has its sentences by item."""

    def __init__(self, problems: Mapping[int, Sequence[str]], names: Mapping[int, str]) -> None:
        self.problems = {place: tuple(sentences) for place, sentences in problems.items()}
        super().__init__(
            " ".join(
                sentence if place == WHOLE else f"{names[place]}: {sentence}"
                for place, sentences in self.problems.items()
                for sentence in sentences
            )
        )


def check_rubric(items: Iterable[Mapping[str, Any]]) -> None:
    """Raises Unsound with every problem of every item at once."""
    given = list(items)
    if problems := rubric_problems(given):
        raise Unsound(problems, {place: _name(place, item) for place, item in enumerate(given, start=1)})


def rubric_problems(items: Sequence[Mapping[str, Any]]) -> dict[int, tuple[str, ...]]:
    """Sentences by place: 0 for the rubric as a whole, 1 and up for its items. Empty if it is sound."""
    found = {WHOLE: tuple(_about_all(items))}
    for place, item in enumerate(items, start=1):
        found[place] = (*item_problems(item, items[: place - 1]), *_about_names(item, items))
    return {place: sentences for place, sentences in found.items() if sentences}


def _about_all(items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if sum(item.get("kind") == ItemKind.CONCEPT for item in items) != 1:
        yield "A rubric has one item of the kind concept: its ambiguity decides what is accepted."
    if len(items) > MOST_ITEMS:
        yield f"The rubric has {len(items)} items. More than {MOST_ITEMS} cannot be answered for every latent."
    keys = Counter(str(item.get("key")) for item in items)
    for key, count in keys.items():
        if count > 1:
            yield f"The rubric has two items with the key “{key}”. Give each its own."


def _about_names(item: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A flag is stored under `<key>-<flag>`: no item may have that key."""
    if item.get("kind") != ItemKind.FLAGS:
        return
    stored = {f"{item.get('key')}-{value}" for value in values_of(item)}
    for other in items:
        if other.get("key") in stored:
            yield f"Its option is stored as “{other.get('key')}”, which is the key of another item. Rename one of them."


def _name(place: int, item: Mapping[str, Any]) -> str:
    return f"Item {place} (“{item.get('question') or item.get('key') or 'no question yet'}”)"
