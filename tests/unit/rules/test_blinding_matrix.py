"""Who sees what in which phase, written out: every role, alone and with others, in every phase of a latent's life."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, combinations, product

import pytest

from annotation.enums import LatentState, Role
from annotation.rules.blinding import (
    EVERYTHING,
    NOTHING,
    Sight,
    first_answer_visible,
    reference_visible,
    retests_visible,
    sight,
    study_results_visible,
)

RESEARCHER, ADJUDICATOR, COORDINATOR, ANNOTATOR = (
    Role.RESEARCHER,
    Role.ADJUDICATOR,
    Role.COORDINATOR,
    Role.ANNOTATOR,
)
TEAMS = [frozenset(team) for size in range(5) for team in combinations(Role, size)]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Where a latent stands, as one person finds it."""

    states: tuple[LatentState, ...]
    rated: bool = False
    asked: bool = False
    """A round may still ask her: calibration, independent, extra, retest, again, or a revision of what she said."""
    reads: bool = False


EARLY = (LatentState.SAMPLED, LatentState.RATING, LatentState.AMBIGUOUS, LatentState.RECRUITING, LatentState.ACCEPTED)
AT_THE_ADJUDICATOR = (
    LatentState.PERSISTENT,
    LatentState.DECIDED,
    LatentState.IRREDUCIBLE,
    LatentState.SPLIT,
    LatentState.UNUSABLE,
)
PHASES = {
    "before any round, and she may be asked": Phase(states=(LatentState.SAMPLED,), asked=True),
    "in a calibration set that she has not answered": Phase(states=(LatentState.SAMPLED,), asked=True),
    "rounds open, her rating not in": Phase(states=EARLY, asked=True),
    "rounds open, her rating in: she may revise it": Phase(states=EARLY, rated=True, asked=True),
    "a retest of it is before her": Phase(states=EARLY, rated=True, asked=True),
    "asked again under a new rubric": Phase(states=EARLY, rated=True, asked=True),
    "reads a rationale of it": Phase(states=EARLY + AT_THE_ADJUDICATOR, reads=True),
    "rounds closed, she rated it": Phase(states=EARLY, rated=True),
    "rounds closed, she never rated it": Phase(states=EARLY),
    "at the adjudicator, she rated it": Phase(states=AT_THE_ADJUDICATOR, rated=True),
    "at the adjudicator, she never rated it": Phase(states=AT_THE_ADJUDICATOR),
    "at the adjudicator, while a round may still ask her": Phase(states=AT_THE_ADJUDICATOR, asked=True),
}
SEES: dict[str, dict[Role, Sight]] = {
    "before any round, and she may be asked": {},
    "in a calibration set that she has not answered": {},
    "rounds open, her rating not in": {},
    "rounds open, her rating in: she may revise it": {},
    "a retest of it is before her": {},
    "asked again under a new rubric": {},
    "reads a rationale of it": {},
    "rounds closed, she rated it": {RESEARCHER: EVERYTHING},
    "rounds closed, she never rated it": {RESEARCHER: EVERYTHING},
    "at the adjudicator, she rated it": {RESEARCHER: EVERYTHING},
    "at the adjudicator, she never rated it": {RESEARCHER: EVERYTHING, ADJUDICATOR: EVERYTHING},
    "at the adjudicator, while a round may still ask her": {},
}
"""What a role opens in a phase; nothing where it is not named. Several roles open what any one of them opens."""


def test_the_table_speaks_of_every_phase_and_state() -> None:
    assert SEES.keys() == PHASES.keys()
    assert set(chain.from_iterable(phase.states for phase in PHASES.values())) == set(LatentState)


@pytest.mark.parametrize("name", PHASES)
@pytest.mark.parametrize("team", TEAMS, ids=lambda team: "+".join(sorted(team)) or "stranger")
def test_a_person_sees_what_the_table_says(name: str, team: frozenset[Role]) -> None:
    phase = PHASES[name]
    expected = EVERYTHING if any(role in SEES[name] for role in team) else NOTHING
    for state in phase.states:
        seen = sight(team, state=state, rated=phase.rated, may_yet_rate=phase.asked, reads=phase.reads)
        assert seen == expected, state


@pytest.mark.parametrize("team", TEAMS, ids=lambda team: "+".join(sorted(team)) or "stranger")
def test_nobody_who_is_still_asked_or_reads_sees_a_rating_or_a_result(team: frozenset[Role]) -> None:
    for state, rated, asked, reads in product(LatentState, *[(False, True)] * 3):
        if asked or reads:
            assert sight(team, state=state, rated=rated, may_yet_rate=asked, reads=reads) == NOTHING
    assert not study_results_visible(team, may_yet_rate=True)


def teams_with(role: Role) -> Iterable[frozenset[Role]]:
    return (team for team in TEAMS if role in team)


def test_results_of_the_whole_study_are_the_researchers_alone() -> None:
    shown = {team for team in TEAMS if study_results_visible(team, may_yet_rate=False)}
    assert shown == set(teams_with(RESEARCHER))


def test_retests_are_known_to_those_who_run_the_study_and_do_not_rate_in_it() -> None:
    shown = {team for team in TEAMS if retests_visible(team)}
    runs = {*teams_with(RESEARCHER), *teams_with(COORDINATOR)}
    assert shown == {team for team in runs if ANNOTATOR not in team}


@pytest.mark.parametrize("team", TEAMS, ids=lambda team: "+".join(sorted(team)) or "stranger")
def test_the_panels_reference_waits_for_ones_own_and_is_closed_to_raters(team: frozenset[Role]) -> None:
    assert reference_visible(team, own=True, open=False)
    assert not reference_visible(team, own=False, open=False)
    on_panel = bool(team & {ADJUDICATOR, RESEARCHER}) and ANNOTATOR not in team
    assert reference_visible(team, own=False, open=True) == on_panel


@pytest.mark.parametrize(
    ("before_her_again", "answered_again", "visible"),
    [(False, False, True), (True, False, False), (False, True, False), (True, True, False)],
)
def test_a_first_answer_is_out_of_sight_while_and_after_it_is_asked_for_again(
    before_her_again: bool, answered_again: bool, visible: bool
) -> None:
    assert first_answer_visible(before_her_again=before_her_again, answered_again=answered_again) == visible
