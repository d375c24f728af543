"""What each button of the rubric editor does to the items, and nothing else."""

import pytest

from annotation.rules.described_rubric import DescribedRubric, complete_items
from annotation.rules.refusal import Refused
from annotation.rules.rubric_editing import Wish, granted


def rubric() -> DescribedRubric:
    points = [{"value": value, "label": f"Anchor {value}", "help": ""} for value in (0, 1, 2)]
    choices = [{"value": value, "label": value.title(), "help": ""} for value in ("finding", "drug")]
    items = [
        {"key": "concept", "kind": "concept", "question": "What?"},
        {"key": "scale", "kind": "ordinal", "question": "How?", "options": points},
        {"key": "choice", "kind": "nominal", "question": "Which?", "options": choices},
    ]
    return DescribedRubric(guidance="Read.", sources="", items=complete_items(items))


def after(text: str) -> tuple[DescribedRubric, Wish]:
    return granted(rubric(), Wish.read(text))


def keys(content: DescribedRubric) -> list[str]:
    return [item["key"] for item in content.items]


def test_an_item_moves_by_one_place_and_is_followed() -> None:
    moved, wish = after("up:3")
    assert (keys(moved), wish.item) == (["concept", "choice", "scale"], 2)
    assert keys(after("down:1")[0]) == ["scale", "concept", "choice"]


@pytest.mark.parametrize("text", ["up:1", "down:3", "up:9", "remove:0", "remove-option:2:9", "up-option:3:1"])
def test_what_is_not_there_cannot_be_moved_or_removed(text: str) -> None:
    assert after(text)[0] == rubric()


def test_an_item_is_removed() -> None:
    assert keys(after("remove:2")[0]) == ["concept", "choice"]


def test_an_added_scale_comes_with_five_points_and_a_key_of_its_own() -> None:
    first, wish = after("add:ordinal")
    assert wish.item == 4
    assert [option["value"] for option in first.items[3]["options"]] == [1, 2, 3, 4, 5]
    second, _ = granted(first, Wish.read("add:text"))
    assert keys(second)[3:] == ["new-1", "new-2"]
    assert second.items[4]["options"] == []
    assert second.items[4]["required"] is False


def test_points_count_on_from_the_lowest() -> None:
    fewer, _ = after("remove-option:2:2")
    assert [(option["value"], option["label"]) for option in fewer.items[1]["options"]] == [
        (0, "Anchor 0"), (1, "Anchor 2"),
    ]  # fmt: skip
    more, wish = after("add-option:2")
    assert [option["value"] for option in more.items[1]["options"]] == [0, 1, 2, 3]
    assert wish.part == 4


def test_an_option_keeps_its_value_where_it_goes() -> None:
    moved, wish = after("up-option:3:2")
    assert [option["value"] for option in moved.items[2]["options"]] == ["drug", "finding"]
    assert wish.part == 1


def test_examples_come_and_go() -> None:
    one, _ = after("add-example:1")
    assert one.items[0]["examples"] == [{"text": "", "answer": "", "why": ""}]
    assert granted(one, Wish.read("remove-example:1:1"))[0] == rubric()


@pytest.mark.parametrize("text", ["add:essay", "add", "fly:3", "up:x", "up:1:2:3", "up:-1"])
def test_an_unknown_button_gets_a_sentence(text: str) -> None:
    with pytest.raises(Refused, match="does not know this button"):
        Wish.read(text)
