"""The study's navigation: tabs a group, the pages of the group where one is below them, nothing that would refuse."""

import pytest
from django.urls import reverse

from annotation.enums import Role
from annotation.views.navigation import GROUPS, Navigation, navigation


def seen(*roles: Role, at: str = "") -> Navigation:
    return navigation("hearts", roles, f"/studies/hearts/{at}")


def labels(found: Navigation) -> list[str]:
    return [tab.label for tab in found.tabs]


def below(found: Navigation) -> list[str]:
    return [link.label for link in found.here.pages] if found.here else []


def test_a_researcher_finds_every_result_below_one_tab() -> None:
    found = seen(Role.RESEARCHER, at="consensus/")
    assert len(found.tabs) <= 7
    assert {"Agreement", "Consensus"} <= set(below(found))
    here = found.here
    assert here is not None
    assert [(link.label, link.current) for link in here.pages if link.current] == [("Consensus", "page")]
    assert here.url == reverse("agreement", args=["hearts"])


def test_a_page_below_another_marks_that_one_as_where_it_belongs() -> None:
    found = seen(Role.RESEARCHER, at="latents/7/")
    assert [(tab.label, tab.current) for tab in found.tabs if tab.current] == [("Latents", "true")]
    assert found.here is not None
    assert [link.label for link in found.here.pages if link.current == "true"] == ["All latents"]


def test_a_group_of_one_page_is_that_page() -> None:
    found = seen(Role.ADJUDICATOR, at="cases/")
    assert labels(found) == ["References", "Cases"]
    assert found.tabs[1].current == "page"
    assert below(found) == []


def test_who_finds_no_page_has_no_navigation() -> None:
    assert not navigation("hearts", (), "/studies/hearts/").drawn


@pytest.mark.parametrize("role", list(Role))
def test_every_page_of_the_navigation_has_an_address_and_a_tab(role: Role) -> None:
    found = seen(role)
    offered = [page for group in GROUPS for page in group.pages if role in page.roles]
    drawn = [link for tab in found.tabs for link in (tab.pages or (tab,))]
    assert len(drawn) == len(offered) > 0
    assert len({link.url for link in drawn}) == len(drawn)


def test_below_stand_the_pages_of_the_tab_where_one_is_and_no_others() -> None:
    assert below(seen(Role.COORDINATOR, at="people/places/")) == ["Everyone", "Reports"]
    assert below(seen(Role.COORDINATOR, at="")) == ["Overview", "Calibration"]
