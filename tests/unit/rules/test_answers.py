"""What is asked of a rater must be answered, what is not asked is dropped, and every problem is said at once."""

from typing import Any

import pytest

from annotation.models import RubricItem
from annotation.rules.answers import TEXT_LIMIT, Incomplete, check_answers


def items() -> list[RubricItem]:
    points = [{"value": point, "label": f"Point {point}"} for point in range(1, 6)]
    flags = [{"value": flag, "label": flag} for flag in ("artefact", "safety")]
    return [
        RubricItem(key="concept", kind="concept", question="What?"),
        RubricItem(key="coherence", kind="ordinal", question="How coherent?", options=points),
        RubricItem(
            key="second", kind="text", question="Name the rest.", condition={"item": "coherence", "values": [1, 2, 3]}
        ),
        RubricItem(key="flags", kind="flags", question="Any warning?", options=flags, required=False),
        RubricItem(
            key="harm", kind="text", question="What harm?", condition={"item": "flags", "values": ["safety"]}
        ),
    ]  # fmt: skip


def answered(**changes: Any) -> dict[str, Any]:
    return {"concept": "chest pain", "coherence": "4", "flags": [], "rationale": "They share it."} | changes


def problems(**changes: Any) -> dict[str, str]:
    with pytest.raises(Incomplete) as error:
        check_answers(items(), answered(**changes))
    return error.value.problems


def test_a_conditional_item_is_not_needed_where_it_is_not_asked() -> None:
    assert check_answers(items(), answered()).values == {"coherence": 4, "flags": []}


def test_what_was_said_to_an_item_that_is_not_asked_is_dropped() -> None:
    assert "second" not in check_answers(items(), answered(second="dates", harm="a fall")).values


def test_a_required_conditional_item_is_required_where_it_is_asked() -> None:
    assert set(problems(coherence="2", second="  ")) == {"second"}
    assert check_answers(items(), answered(coherence="2", second=" dates ")).values["second"] == "dates"


def test_a_condition_on_flags_holds_if_one_of_them_is_set() -> None:
    assert set(problems(flags=["artefact", "safety"])) == {"harm"}
    assert check_answers(items(), answered(flags=["artefact"])).values["flags"] == ["artefact"]


def test_an_item_that_rests_on_one_that_is_not_asked_is_not_asked_either() -> None:
    chain = [
        *items()[:2],
        RubricItem(
            key="kind", kind="nominal", question="Which?", condition={"item": "coherence", "values": [1]},
            options=[{"value": "a", "label": "A"}, {"value": "b", "label": "B"}],
        ),
        RubricItem(key="more", kind="text", question="More?", condition={"item": "kind", "values": ["a"]}),
    ]  # fmt: skip
    assert check_answers(chain, answered(kind="a", more="words")).values == {"coherence": 4}
    assert check_answers(chain, answered(coherence="1", kind="a", more="words")).values["more"] == "words"


def test_a_free_text_keeps_its_lines_and_no_nul_and_counts_a_line_break_as_one_character() -> None:
    kept = check_answers(items(), answered(coherence="1", second="a\r\nb\x00")).values["second"]
    assert kept == "a\nb"
    check_answers(items(), answered(coherence="1", second="\r\n".join("x" * (TEXT_LIMIT // 2))))
    assert set(problems(coherence="1", second="x" * (TEXT_LIMIT + 1))) == {"second"}


def test_required_flags_need_at_least_one() -> None:
    needed = items()
    needed[3].required = True
    with pytest.raises(Incomplete, match="Choose at least one"):
        check_answers(needed, answered())


def test_every_problem_is_said_at_once() -> None:
    assert set(problems(concept="", coherence="9", flags=["odd"], rationale="")) == {
        "concept", "coherence", "flags", "rationale",
    }  # fmt: skip
