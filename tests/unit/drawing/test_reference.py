"""A reference drawn: every share a bar with its number, the rater's answer named."""

import pytest

from annotation.views.drawing.reference import BadReference, reference_bars

SCALE = tuple((str(point), f"{point}: anchor") for point in range(1, 6))


def test_each_shared_answer_is_a_bar_as_wide_as_its_share() -> None:
    bars = reference_bars({"finding": 0.25, "diagnosis": 0.75})
    assert [(bar.label, bar.width, bar.share, bar.yours) for bar in bars] == [
        ("finding", 25, "25 %", False),
        ("diagnosis", 75, "75 %", False),
    ]


def test_a_scale_keeps_its_order_and_leaves_out_what_nobody_chose() -> None:
    assert [bar.label for bar in reference_bars({"5": 0.5, "2": 0.5}, SCALE)] == ["2: anchor", "5: anchor"]


def test_her_answer_is_named_also_where_nobody_of_the_panel_gave_it() -> None:
    assert [(bar.label, bar.share, bar.yours) for bar in reference_bars({"5": 1.0}, SCALE, "2")] == [
        ("2: anchor", "0 %", True),
        ("5: anchor", "100 %", False),
    ]
    assert [bar.label for bar in reference_bars({"Angina": 1.0}, (), "gout")] == ["Angina", "gout"]


def test_her_concept_is_the_panel_s_whatever_its_case() -> None:
    assert [(bar.label, bar.yours) for bar in reference_bars({"Chest pain": 1.0}, (), "chest  PAIN")] == [
        ("Chest pain", True)
    ]


@pytest.mark.parametrize("shares", [{}, {"a": 1.2}, {"a": -0.1}])
def test_shares_that_cannot_be_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(BadReference):
        reference_bars(shares)
