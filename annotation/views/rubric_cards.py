"""The rubric editor's cards: one an item, with everything that its template draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.enums import ItemKind
from annotation.rules.described_rubric import DescribedRubric
from annotation.rules.rubric_editing import Wish
from annotation.rules.rubric_item import SCALES, closed

KIND_HELP = {
    ItemKind.CONCEPT: "Named freely, with suggestions. Every rubric has one.",
    ItemKind.NOMINAL: "One answer of several, without an order.",
    ItemKind.ORDINAL: "Points from low to high, each with an anchor that says what it means.",
    ItemKind.FLAGS: "Any number of marks, or none.",
    ItemKind.TEXT: "A few words. Kept and released, never counted.",
    ItemKind.CONFIDENCE: "How sure the rater is, as a scale.",
}


@dataclass(frozen=True, kw_only=True)
class Parent:
    """An item that another may be conditional on."""

    key: str
    label: str
    chosen: bool
    options: tuple[dict[str, str], ...]
    """{value, label} of its answers."""
    values: tuple[str, ...]
    """Those after which the item is asked."""


@dataclass(frozen=True, kw_only=True)
class ItemCard:
    place: int
    item: Mapping[str, Any]
    fixed: bool
    """Published under its key: the key stays."""
    kinds: tuple[dict[str, str], ...]
    """{value, label} of the kinds that it may be."""
    parents: tuple[Parent, ...]
    problems: tuple[str, ...]
    last: bool
    at: Wish | None
    """What was just done to it, so that the page goes on there."""

    @property
    def name(self) -> str:
        return str(self.item["question"] or "No question yet")

    @property
    def kind_label(self) -> str:
        kind = self.item["kind"]
        return str(ItemKind(kind).label) if kind in ItemKind.values else str(kind)

    @property
    def scale(self) -> bool:
        return self.item["kind"] in SCALES

    @property
    def is_concept(self) -> bool:
        return bool(self.item["kind"] == ItemKind.CONCEPT)

    @property
    def with_options(self) -> str:
        """Kinds that have options, as data-when asks for them."""
        return "|".join(kind for kind in ItemKind.values if closed({"kind": kind}))

    @property
    def conditional(self) -> bool:
        return self.item["condition"] is not None

    @property
    def open(self) -> bool:
        return self.at is not None and self.at.what not in ("up", "down", "remove")

    @property
    def focus(self) -> str:
        """The control that the page begins at: `up`, `down`, `question` or `summary`; empty for none of these."""
        if self.at is None or "-" in self.at.what:
            return ""
        if self.at.what in ("up", "down"):
            return "down" if self.place == 1 else "up" if self.last else self.at.what
        return "question" if self.at.what == "add" else "summary"

    @property
    def option_focus(self) -> int:
        """Which option the page begins at; 0 for none."""
        return self._row("option")

    @property
    def example_focus(self) -> int:
        return self._row("example")

    def _row(self, field: str) -> int:
        return self.at.part if self.at is not None and self.at.what.endswith(f"-{field}") else 0


def item_cards(
    content: DescribedRubric,
    *,
    fixed: Mapping[str, set[str]],
    problems: Mapping[int, Sequence[str]],
    at: Wish | None = None,
) -> list[ItemCard]:
    """In order. `at`: the button that was pressed, with the place where its item stands now."""
    return [
        ItemCard(
            place=place,
            item=item,
            fixed=item["key"] in fixed,
            kinds=_kinds(item),
            parents=tuple(_parents(item, place, content)),
            problems=tuple(problems.get(place, ())),
            last=place == len(content.items),
            at=at if at is not None and at.item == place else None,
        )
        for place, item in enumerate(content.items, start=1)
    ]


def new_kinds() -> list[dict[str, str]]:
    """What an added item may be: {value, label, help}."""
    return [
        {"value": kind.value, "label": str(kind.label), "help": words}
        for kind, words in KIND_HELP.items()
        if kind != ItemKind.CONCEPT
    ]


def _kinds(item: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    """The concept stays the concept, and nothing else becomes it."""
    concept = item["kind"] == ItemKind.CONCEPT
    kinds = [kind for kind in ItemKind if (kind == ItemKind.CONCEPT) == concept]
    return tuple({"value": kind.value, "label": str(kind.label)} for kind in kinds)


def _parents(item: Mapping[str, Any], place: int, content: DescribedRubric) -> list[Parent]:
    """Items before it that are answered by choosing, and whatever its condition names now, so that it is not lost."""
    condition = item["condition"] or {"item": None, "values": []}
    chosen, values = condition["item"], tuple(map(str, condition["values"]))
    parents = []
    for number, other in enumerate(content.items, start=1):
        if other["key"] != item["key"] and ((closed(other) and number < place) or other["key"] == chosen):
            where = "" if number < place else " (comes later)"
            parents.append(_parent(other, f"{number}. {other['question'] or other['key']}{where}", chosen, values))
    if chosen is not None and all(parent.key != chosen for parent in parents):
        gone = {"key": chosen, "options": [], "kind": ""}
        parents.append(_parent(gone, f"“{chosen}” (no longer there)", chosen, values))
    return parents


def _parent(other: Mapping[str, Any], label: str, chosen: str | None, values: tuple[str, ...]) -> Parent:
    named = {str(option["value"]): option["label"] or option["value"] for option in other["options"]}
    known = {value: f"{value}: {words}" if other["kind"] in SCALES else str(words) for value, words in named.items()}
    if other["key"] == chosen:
        known |= {value: f"{value} (not offered)" for value in values if value not in known}
    return Parent(
        key=other["key"],
        label=label,
        chosen=other["key"] == chosen,
        options=tuple({"value": value, "label": words} for value, words in known.items()),
        values=values if other["key"] == chosen else (),
    )
