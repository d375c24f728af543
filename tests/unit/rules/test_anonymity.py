"""Who stands alone by what a release says of her."""

from annotation.rules.anonymity import SmallCell, small_cells

PEOPLE = {
    "R01": ("annotator", "north"),
    "R02": ("annotator", "north"),
    "R03": ("annotator", "north"),
    "R04": ("annotator", "south"),
    "R05": ("annotator", "south"),
    "A01": ("adjudicator", "none"),
}


def test_groups_of_fewer_than_k_are_named_with_their_people() -> None:
    assert small_cells(PEOPLE) == (
        SmallCell(("adjudicator", "none"), ("A01",)),
        SmallCell(("annotator", "south"), ("R04", "R05")),
    )


def test_with_k_of_two_only_who_is_quite_alone() -> None:
    assert [cell.pseudonyms for cell in small_cells(PEOPLE, k=2)] == [("A01",)]


def test_nobody_is_alone_in_a_release_without_people() -> None:
    assert small_cells({}) == ()
