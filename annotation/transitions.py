"""Which state may follow which. docs/architecture.md draws the latent's diagram from this file."""

from collections.abc import Mapping

from annotation.enums import CaseState, LatentState, ReleaseState, RoundState, RunState

RUN: Mapping[RunState, tuple[RunState, ...]] = {
    RunState.QUEUED: (RunState.RUNNING, RunState.FINISHED, RunState.FAILED, RunState.CANCELLED),
    RunState.RUNNING: (RunState.RUNNING, RunState.FINISHED, RunState.FAILED, RunState.CANCELLED),
    RunState.FAILED: (RunState.QUEUED,),
    # A worker may finish while it is being told to stop: what is complete is taken in.
    RunState.CANCELLED: (RunState.QUEUED, RunState.FINISHED),
    RunState.FINISHED: (),
}
ROUND: Mapping[RoundState, tuple[RoundState, ...]] = {
    RoundState.DRAFT: (RoundState.OPEN,),
    RoundState.OPEN: (RoundState.CLOSED,),
    RoundState.CLOSED: (),
}
DECIDED_STATES = (LatentState.DECIDED, LatentState.IRREDUCIBLE, LatentState.SPLIT, LatentState.UNUSABLE)
LATENT: Mapping[LatentState, tuple[LatentState, ...]] = {
    LatentState.SAMPLED: (LatentState.RATING,),
    LatentState.RATING: (LatentState.ACCEPTED, LatentState.AMBIGUOUS, LatentState.RECRUITING, LatentState.PERSISTENT),
    LatentState.AMBIGUOUS: (LatentState.RATING, LatentState.ACCEPTED, LatentState.RECRUITING, LatentState.PERSISTENT),
    LatentState.RECRUITING: (LatentState.RATING, LatentState.ACCEPTED, LatentState.AMBIGUOUS, LatentState.PERSISTENT),
    # New ratings may still arrive (surplus, revisions), so that acceptance is not final; a decision is.
    LatentState.ACCEPTED: (LatentState.AMBIGUOUS, LatentState.RECRUITING, LatentState.PERSISTENT),
    LatentState.PERSISTENT: DECIDED_STATES,
    # A signed decision stands until a new signed one supersedes it.
    **{state: tuple(other for other in DECIDED_STATES if other != state) for state in DECIDED_STATES},
}
CASE: Mapping[CaseState, tuple[CaseState, ...]] = {
    CaseState.OPEN: (CaseState.DECIDED, CaseState.GIVEN_BACK),
    CaseState.DECIDED: (),
    CaseState.GIVEN_BACK: (),
}
RELEASE: Mapping[ReleaseState, tuple[ReleaseState, ...]] = {
    ReleaseState.BUILDING: (ReleaseState.READY, ReleaseState.FAILED),
    ReleaseState.READY: (),
    ReleaseState.FAILED: (),
}
