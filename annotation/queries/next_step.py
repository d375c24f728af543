"""What the researcher does next: one sentence, and the wish that goes with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.timezone import localtime

from annotation.enums import CaseState, RoundKind, RunState
from annotation.models import Study
from annotation.queries.round_progress import RoundProgress
from annotation.queries.sample_frame import SampleFrame

ASKED = (RoundKind.INDEPENDENT, RoundKind.EXTRA, RoundKind.AGAIN)
"""Kinds of rounds that are through when their places are rated. Calibration and readings stay open beside them."""

Wish = Literal["", "mine", "resume", "draw", "open", "close", "people", "release", "cases"]


@dataclass(frozen=True, kw_only=True)
class NextStep:
    sentence: str
    wish: Wish = ""
    round: int = 0
    """Number of the round to close."""


def next_step(study: Study, frame: SampleFrame, rounds: Sequence[RoundProgress], *, raters: int) -> NextStep:
    """At most one statement."""
    return (
        _before_sample(study, frame)
        or _before_rounds(study, rounds, raters)
        or _while_open(rounds)
        or _after_rounds(study, rounds)
    )


def _before_sample(study: Study, frame: SampleFrame) -> NextStep | None:
    run = study.run
    if frame.drawn:
        return None
    if run is None:
        return NextStep(sentence="The study has no mining run yet: request one, so that there are latents to rate.")
    if run.state == RunState.FAILED:
        how = "Send it again as it is" if run.retry_helps else "Mend what it names below and send it again"
        return NextStep(sentence=f"The mining run failed. {how}.", wish="mine")
    if run.state == RunState.CANCELLED:
        return NextStep(
            sentence="The mining run was cancelled. What was mined is kept: resume it, and it goes on from there.",
            wish="resume",
        )
    if run.state != RunState.FINISHED:
        return NextStep(sentence="The corpus is being mined. The sample can be drawn when that has finished.")
    taken = min(study.sample_size, frame.eligible)
    return NextStep(
        sentence=f"Draw the sample: {taken:,} of {frame.eligible:,} eligible latents, by the seed {study.seed}.",
        wish="draw",
    )


def _before_rounds(study: Study, rounds: Sequence[RoundProgress], raters: int) -> NextStep | None:
    if any(round_.kind in ASKED for round_ in rounds):
        return None
    if raters < study.raters_per_latent:
        return NextStep(
            sentence=f"Invite raters: the study asks for {study.raters_per_latent} a latent and has {raters}.",
            wish="people",
        )
    return NextStep(
        sentence=f"Open the first round: {study.raters_per_latent} raters give each latent a blind rating.", wish="open"
    )


def _while_open(rounds: Sequence[RoundProgress]) -> NextStep | None:
    open_now = [round_ for round_ in rounds if round_.open and round_.kind in ASKED]
    if not open_now:
        return None
    complete = [round_ for round_ in open_now if not round_.free]
    if complete and len(complete) == len(open_now):
        first = complete[0]
        return NextStep(
            sentence=f"All {first.places:,} ratings of round {first.number} are in: {_how_to_close(first, rounds)}",
            wish="close",
            round=first.number,
        )
    waiting = next(round_ for round_ in open_now if round_.free)
    kind = f" ({KINDS[waiting.kind]})" if waiting.kind in KINDS else ""
    name = f"round {waiting.number}{kind}"
    return NextStep(sentence=f"Raters are at work: {name} has {waiting.rated:,} of {waiting.places:,} ratings.")


KINDS = {
    RoundKind.EXTRA: "extra raters for ambiguous latents",
    RoundKind.AGAIN: "asked again under the new rubric",
}


def _how_to_close(first: RoundProgress, rounds: Sequence[RoundProgress]) -> str:
    """Closing drops the retests that have not come yet: that is said before."""
    twin = next((one for one in rounds if one.retests and one.open and one.repeats == first.number), None)
    if twin is None or not twin.free:
        return "close it."
    retests = "1 retest has" if twin.free == 1 else f"{twin.free:,} retests have"
    due = f", the last due on {localtime(twin.last_due):%-d %B %Y}" if twin.last_due else ""
    return f"close it now, or wait for its retests. {retests} not been rated{due}, and closing drops what is missing."


def _after_rounds(study: Study, rounds: Sequence[RoundProgress]) -> NextStep:
    cases = study.cases.filter(state=CaseState.OPEN).count()
    asked = [round_ for round_ in rounds if round_.kind in ASKED]
    closed = f"Round {asked[0].number} is closed" if len(asked) == 1 else f"All {len(asked)} rounds are closed"
    if cases:
        which = "One case waits" if cases == 1 else f"{cases:,} cases wait"
        return NextStep(sentence=f"{closed}. {which} for an adjudicator.", wish="cases")
    return NextStep(sentence=f"{closed}. Cut a release of the label distributions.", wish="release")
