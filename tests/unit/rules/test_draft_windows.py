"""Two windows on one latent: who may overwrite whose draft."""

from typing import Any

import pytest

from annotation.models import Draft
from annotation.rules.draft_windows import NewerDraft, check_newest, read_number, read_window

ONE, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
STORED = Draft(number=5, window=ONE, answers={"concept": "troponin"})


@pytest.mark.parametrize(("window", "number"), [(ONE, 5), (ONE, 3), (ONE, 0), (OTHER, 5)])
def test_the_window_that_saved_last_and_one_that_saw_the_newest_may_save(window: str, number: int) -> None:
    check_newest(STORED, window=window, number=number)


@pytest.mark.parametrize(("window", "number"), [(OTHER, 4), (OTHER, 6), (OTHER, 0), ("", 0)])
def test_a_window_that_has_not_seen_the_newest_may_not(window: str, number: int) -> None:
    with pytest.raises(NewerDraft) as refused:
        check_newest(STORED, window=window, number=number)
    assert refused.value.draft is STORED


@pytest.mark.parametrize(
    ("raw", "name"), [(ONE, ONE), ("x" * 36, ""), (ONE + "1", ""), (None, ""), (7, ""), (ONE.upper() + "A", "")]
)
def test_a_windows_name_is_a_uuid_or_none(raw: Any, name: str) -> None:
    assert read_window(raw) == name


@pytest.mark.parametrize(
    ("raw", "number"),
    [("5", 5), (5, 5), ("", 0), (None, 0), ("-1", 0), ("1.5", 0), ("٥", 0), ("9" * 30, 0), (str(2**31), 0)],
)
def test_a_drafts_number_is_a_whole_number_that_the_database_can_hold(raw: Any, number: int) -> None:
    assert read_number(raw) == number
