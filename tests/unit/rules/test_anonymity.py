"""Who stands alone by what a release says of her."""

from annotation.rules.anonymity import SmallCell, small_cells, without_each

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


def test_leaving_an_attribute_out_hides_people_among_others() -> None:
    fields = ("cardiology", "cardiology", "surgery", "surgery", "surgery", "surgery")
    people = {name: (*values, field) for (name, values), field in zip(PEOPLE.items(), fields, strict=True)}
    assert sum(len(cell.pseudonyms) for cell in small_cells(people)) == 6
    assert without_each(people) == (6, 3, 3)
    assert without_each({}) == ()
