"""What a new rubric version changes is told in words, and whether earlier answers must be asked for again."""

from collections.abc import Mapping
from typing import Any

from annotation.rules.described_rubric import DescribedRubric, complete_items
from annotation.rules.rubric_diff import ItemChange, RubricDiff, rubric_diff
from annotation.rules.wording import wording

CONCEPT = {"key": "concept", "kind": "concept", "question": "What do they share?"}
SCALE = {
    "key": "coherence",
    "kind": "ordinal",
    "question": "How coherent?",
    "options": [{"value": point, "label": f"Anchor {point}", "help": ""} for point in (1, 2, 3)],
}
CATEGORY = {
    "key": "category",
    "kind": "nominal",
    "question": "Which kind?",
    "options": [{"value": "finding", "label": "Finding"}, {"value": "drug", "label": "Drug"}],
}
NOTE = {"key": "note", "kind": "text", "question": "Anything else?", "required": False}


def rubric(*items: Mapping[str, Any], guidance: str = "Read.", sources: str = "") -> DescribedRubric:
    return DescribedRubric(guidance=guidance, sources=sources, items=complete_items(items))


def only(diff: RubricDiff) -> ItemChange:
    (change,) = diff.items
    return change


def changed(item: Mapping[str, Any], **changes: Any) -> ItemChange:
    return only(rubric_diff(rubric(CONCEPT, item), rubric(CONCEPT, {**item, **changes})))


def test_the_same_rubric_has_no_difference() -> None:
    assert rubric_diff(rubric(CONCEPT, SCALE), rubric(CONCEPT, SCALE)).empty


def test_an_added_item_must_be_asked_and_a_removed_one_leaves_its_answers() -> None:
    diff = rubric_diff(rubric(CONCEPT, CATEGORY), rubric(CONCEPT, NOTE))
    added, removed = diff.items
    assert (added.what, added.touches, added.sentences) == ("added", True, ("New, as item 2: free text, optional.",))
    assert (removed.what, removed.touches) == ("removed", False)
    assert "stay with their ratings" in removed.sentences[0]


def test_only_the_item_that_was_moved_is_said_to_have_moved() -> None:
    diff = rubric_diff(rubric(CONCEPT, SCALE, CATEGORY, NOTE), rubric(CONCEPT, NOTE, SCALE, CATEGORY))
    change = only(diff)
    assert (change.key, change.what, change.touches) == ("note", "moved", False)
    assert change.sentences == ("Moved to place 2.",)


def test_changed_words_are_marked_one_by_one() -> None:
    change = changed(SCALE, question="How very coherent?")
    assert [(piece.text, piece.state) for piece in change.wordings[0].pieces] == [
        ("How", "same"), (" very", "new"), (" coherent?", "same"),
    ]  # fmt: skip
    assert (change.what, change.touches) == ("changed", True)


def test_a_changed_anchor_is_named_by_its_point() -> None:
    points = [dict(option) for option in SCALE["options"]]  # type: ignore[union-attr, call-overload]
    points[1]["label"] = "Another anchor"
    change = changed(SCALE, options=points)
    assert [told.what for told in change.wordings] == ["Anchor of point 2"]
    assert change.touches


def test_a_scale_with_other_points_says_that_earlier_answers_no_longer_count() -> None:
    change = changed(SCALE, options=[*SCALE["options"], {"value": 4, "label": "More"}])  # type: ignore[misc]
    assert change.sentences == (
        "Point added: “4: More”.", "The scale has other points: earlier answers on it no longer count.",
    )  # fmt: skip


def test_options_that_came_went_and_changed_places_are_told() -> None:
    finding, drug = CATEGORY["options"]  # type: ignore[misc]
    assert changed(CATEGORY, options=[drug, finding]).sentences == ("The options stand in another order.",)  # type: ignore[has-type]
    sentences = changed(CATEGORY, options=[finding, {"value": "sign", "label": "Sign"}]).sentences  # type: ignore[has-type]
    assert sentences == (
        "Option added: “Sign”.", "Option removed: “Drug”. Earlier answers that chose it no longer count.",
    )  # fmt: skip


def test_another_kind_ends_the_earlier_answers() -> None:
    change = changed(CATEGORY, kind="flags")
    assert change.sentences[0].startswith("It was answered as one of several, and now as any of several")
    assert len(change.sentences) == 1


def test_a_condition_is_told_in_the_words_of_the_rubric() -> None:
    after = {**NOTE, "condition": {"item": "coherence", "values": [1, 2]}}
    change = only(rubric_diff(rubric(CONCEPT, SCALE, NOTE), rubric(CONCEPT, SCALE, after)))
    assert change.sentences == (
        "It was always asked, and is now asked only after “1: Anchor 1” or “2: Anchor 2” at “How coherent?”.",
    )
    assert change.touches


def test_making_an_item_optional_or_showing_other_examples_asks_nobody_again() -> None:
    change = changed(CATEGORY, required=False, examples=[{"text": "Chest pain.", "answer": "finding", "why": ""}])
    assert change.sentences == ("It may now be left out.", "Its worked examples were changed (1 now).")
    assert not change.touches
    assert changed(NOTE, required=True).touches


def test_guidance_and_sources_are_compared_too() -> None:
    diff = rubric_diff(rubric(CONCEPT), rubric(CONCEPT, guidance="Read twice.", sources="Somebody 2026"))
    assert [text.what for text in diff.texts] == ["Guidance", "Sources"]
    assert not diff.items
    assert not diff.empty


def test_the_pieces_of_a_wording_give_both_texts_back() -> None:
    before, after = "Read the strongest\nsnippets first.", "First read all snippets twice.\n"
    told = wording("Help", before, after)
    assert told is not None
    assert "".join(piece.text for piece in told.pieces if piece.state != "new") == before
    assert "".join(piece.text for piece in told.pieces if piece.state != "gone") == after


def test_the_edition_follows_the_content_and_nothing_else() -> None:
    assert rubric(CONCEPT, SCALE).edition == rubric(dict(reversed(CONCEPT.items())), SCALE).edition
    assert rubric(CONCEPT, SCALE).edition != rubric(CONCEPT, CATEGORY).edition
