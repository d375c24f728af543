"""Who sees what when: every role, state and part in the rating, as one table."""

from itertools import product

import pytest

from annotation.enums import LatentState, Role
from annotation.rules.blinding import EVERYTHING, NOTHING, check_study_results, sight, study_results_visible
from annotation.rules.refusal import Refused
from annotation.transitions import DECIDED_STATES

OVER = {LatentState.PERSISTENT, *DECIDED_STATES}
YES_NO = (True, False)


@pytest.mark.parametrize(("state", "rated"), list(product(LatentState, YES_NO)))
def test_nobody_who_may_yet_rate_sees_anything(state: LatentState, rated: bool) -> None:
    for role in Role:
        assert sight([role], state=state, rated=rated, may_yet_rate=True) == NOTHING


@pytest.mark.parametrize(("state", "rated"), list(product(LatentState, YES_NO)))
def test_a_rater_and_a_coordinator_never_see_ratings_of_others(state: LatentState, rated: bool) -> None:
    for roles in ([Role.ANNOTATOR], [Role.COORDINATOR], [Role.ANNOTATOR, Role.COORDINATOR], []):
        assert sight(roles, state=state, rated=rated, may_yet_rate=False) == NOTHING


@pytest.mark.parametrize(("state", "rated"), list(product(LatentState, YES_NO)))
def test_an_adjudicator_sees_what_reached_her_and_that_she_did_not_rate(state: LatentState, rated: bool) -> None:
    expected = EVERYTHING if state in OVER and not rated else NOTHING
    assert sight([Role.ADJUDICATOR], state=state, rated=rated, may_yet_rate=False) == expected


@pytest.mark.parametrize("state", LatentState)
def test_a_researcher_sees_everything_once_she_cannot_rate(state: LatentState) -> None:
    for rated in YES_NO:
        assert sight([Role.RESEARCHER, Role.ANNOTATOR], state=state, rated=rated, may_yet_rate=False) == EVERYTHING


def test_study_results_are_the_researchers() -> None:
    assert study_results_visible([Role.RESEARCHER], may_yet_rate=False)
    for role in set(Role) - {Role.RESEARCHER}:
        with pytest.raises(Refused, match="stay hidden"):
            check_study_results([role], may_yet_rate=False)
    with pytest.raises(Refused, match="stay hidden"):
        check_study_results([Role.RESEARCHER, Role.ANNOTATOR], may_yet_rate=True)
