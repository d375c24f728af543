"""What a rubric version changes against another, told in words, and whether earlier answers still mean the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from annotation.enums import ItemKind
from annotation.rules.described_rubric import DescribedRubric
from annotation.rules.rubric_item import SCALES
from annotation.rules.wording import Wording, wording

Item = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ItemChange:
    """One item that is not as it was."""

    key: str
    question: str
    """As it is now, or was where it is removed."""
    what: Literal["added", "removed", "changed", "moved"]
    sentences: tuple[str, ...]
    wordings: tuple[Wording, ...] = ()
    touches: bool
    """Whether answers given before may not be what would be answered now. A move or another example does not."""


@dataclass(frozen=True, kw_only=True)
class RubricDiff:
    items: tuple[ItemChange, ...]
    """In the order of the newer version; removed ones last."""
    texts: tuple[Wording, ...]
    """Guidance and sources."""

    @property
    def empty(self) -> bool:
        return not self.items and not self.texts

    @property
    def touched(self) -> tuple[ItemChange, ...]:
        """Those whose earlier answers may have to be asked for again."""
        return tuple(change for change in self.items if change.touches)


def rubric_diff(before: DescribedRubric, after: DescribedRubric) -> RubricDiff:
    """Items are the same if their keys are."""
    old = {item["key"]: item for item in before.items}
    new = {item["key"]: item for item in after.items}
    moved = _moved([key for key in old if key in new], [key for key in new if key in old])
    changes = [
        change
        for place, item in enumerate(after.items, start=1)
        if (change := _change(old.get(item["key"]), item, place, item["key"] in moved, old, new))
    ]
    gone = [_removed(item) for key, item in old.items() if key not in new]
    texts = [wording("Guidance", before.guidance, after.guidance), wording("Sources", before.sources, after.sources)]
    return RubricDiff(items=(*changes, *gone), texts=tuple(text for text in texts if text))


def _moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """The fewest keys that must have been moved: those outside a longest run that kept its order."""
    place = {key: number for number, key in enumerate(before)}
    best: list[tuple[str, ...]] = []
    for key in after:
        best.append((*_longest([run for run in best if place[run[-1]] < place[key]]), key))
    return set(after) - set(_longest(best))


def _longest(runs: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return max(runs, key=lambda run: len(run), default=())


def _removed(item: Item) -> ItemChange:
    sentences = ("It is no longer asked. Answers given to it stay with their ratings and in releases.",)
    return ItemChange(key=item["key"], question=item["question"], what="removed", sentences=sentences, touches=False)


def _change(
    before: Item | None, item: Item, place: int, moved: bool, old: Mapping[str, Item], new: Mapping[str, Item]
) -> ItemChange | None:
    key, question = item["key"], item["question"]
    if before is None:
        sentences = [f"New, as item {place}: {_kind(item)}{'' if item['required'] else ', optional'}."]
        sentences += [f"It is {condition}."] if (condition := in_words(item, new)) else []
        return ItemChange(key=key, question=question, what="added", sentences=tuple(sentences), touches=True)
    telling = [*_form_changes(before, item, old, new), *_option_changes(before, item)]
    words = tuple(_wordings(before, item))
    quiet = list(_quiet_changes(before, item))
    if moved:
        quiet.append(f"Moved to place {place}.")
    if not (telling or words or quiet):
        return None
    return ItemChange(
        key=key,
        question=question,
        what="changed" if telling or words or len(quiet) > moved else "moved",
        sentences=(*telling, *quiet),
        wordings=words,
        touches=bool(telling or words),
    )


def _form_changes(before: Item, item: Item, old: Mapping[str, Item], new: Mapping[str, Item]) -> Iterator[str]:
    if before["kind"] != item["kind"]:
        yield f"It was answered as {_kind(before)}, and now as {_kind(item)}: earlier answers no longer count for it."
    if item["required"] and not before["required"]:
        yield "An answer is required now."
    if _condition(before) != _condition(item):
        yield f"It was {in_words(before, old) or 'always asked'}, and is now {in_words(item, new) or 'always asked'}."


def _quiet_changes(before: Item, item: Item) -> Iterator[str]:
    if before["required"] and not item["required"]:
        yield "It may now be left out."
    if before["examples"] != item["examples"]:
        yield f"Its worked examples were changed ({len(item['examples'])} now)."


def _option_changes(before: Item, item: Item) -> Iterator[str]:
    """Options that came, went or changed places."""
    if before["kind"] != item["kind"]:
        return
    old, new = _options(before), _options(item)
    noun = "Point" if item["kind"] in SCALES else "Option"
    for value in new:
        if value not in old:
            yield f"{noun} added: {_option(new[value], item)}."
    for value in old:
        if value not in new:
            yield f"{noun} removed: {_option(old[value], item)}. Earlier answers that chose it no longer count."
    if item["kind"] in SCALES and list(old) != list(new):
        yield "The scale has other points: earlier answers on it no longer count."
    elif [value for value in old if value in new] != [value for value in new if value in old]:
        yield "The options stand in another order."


def _wordings(before: Item, item: Item) -> Iterator[Wording]:
    pairs = [("Question", before["question"], item["question"]), ("Help", before["help"], item["help"])]
    old, new = _options(before), _options(item)
    for value in (value for value in new if value in old and before["kind"] == item["kind"]):
        of = f"point {value}" if item["kind"] in SCALES else f"“{new[value].get('label')}”"
        name = "Anchor" if item["kind"] in SCALES else "Label"
        pairs.append((f"{name} of {of}", str(old[value].get("label") or ""), str(new[value].get("label") or "")))
        pairs.append((f"Help of {of}", str(old[value].get("help") or ""), str(new[value].get("help") or "")))
    yield from (changed for pair in pairs if (changed := wording(*pair)))


def in_words(item: Item, items: Mapping[str, Item]) -> str:
    """Its condition, to follow “it is”: `asked after “1: No common thread” at “How well …?”`. Empty: it has none."""
    condition = item["condition"]
    other = items.get(condition["item"]) if condition else None
    if condition is None or other is None:
        return ""
    offered = _options(other)
    answers = [_option(offered.get(str(value), {"value": value}), other) for value in condition["values"]]
    return f"asked only after {' or '.join(answers) or 'no answer'} at “{other['question']}”"


def _options(item: Item) -> dict[str, Mapping[str, Any]]:
    return {str(option.get("value")): option for option in item["options"]}


def _option(option: Mapping[str, Any], item: Item) -> str:
    label = option.get("label") or option.get("value")
    return f"“{option.get('value')}: {label}”" if item["kind"] in SCALES else f"“{label}”"


def _condition(item: Item) -> tuple[str, frozenset[str]] | None:
    condition = item["condition"]
    return (condition["item"], frozenset(map(str, condition["values"]))) if condition else None


def _kind(item: Item) -> str:
    kind = item["kind"]
    return str(ItemKind(kind).label).lower() if kind in ItemKind.values else str(kind)
