from annotation import transitions
from annotation.enums import CaseState, LatentState, ReleaseState, RoundState, RunState


def test_every_state_says_what_may_follow() -> None:
    for table, states in (
        (transitions.RUN, RunState),
        (transitions.ROUND, RoundState),
        (transitions.LATENT, LatentState),
        (transitions.CASE, CaseState),
        (transitions.RELEASE, ReleaseState),
    ):
        assert set(table) == set(states)


def test_a_decision_gives_way_only_to_another_decision() -> None:
    for state in transitions.DECIDED_STATES:
        assert set(transitions.LATENT[state]) == set(transitions.DECIDED_STATES) - {state}
