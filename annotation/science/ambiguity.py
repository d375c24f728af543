"""Whether a latent is settled, needs more raters, or goes to adjudication, and why, in words.

Accepted: q and theta both clear, enough independent answers, stable under other raters, and seen from two institutions
where the study has two. Otherwise two more raters, another institution first, at most two extra rounds. After that:
persistent if enough independent answers are there and it is still not accepted; recruiting if only more raters or
another institution are missing, which no adjudicator can mend.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from annotation.science.clc_result import LatentConsensus
from annotation.science.types import ScienceError, Undefined

Outcome = Literal["accepted", "needs_raters", "recruiting", "persistent"]
Criterion = Literal["answers", "q", "theta", "n_eff", "flip_rate", "institutions"]
MISSING_PEOPLE: frozenset[Criterion] = frozenset({"answers", "n_eff", "institutions"})


@dataclass(frozen=True)
class Thresholds:
    """They belong to the study."""

    q: float = 0.9
    theta: float = 0.73
    """For concepts, looked at up to three times: at first and after each of two extra rounds, chance has a chance. With
    one look .68 lets no more ambiguous latents through; a closed item, whose theta its confusion rows make surer, needs
    .79, and .75 with one look (docs/adr/0015)."""
    n_eff: float = 2.5
    flip_rate: float = 0.2
    institutions: int = 2
    """Required only as far as the study has them."""
    extra_rounds: int = 2
    raters_per_extra_round: int = 2


@dataclass(frozen=True)
class Shortfall:
    """One threshold that is not met."""

    criterion: Criterion
    value: float
    required: float
    sentence: str


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    shortfalls: tuple[Shortfall, ...]
    next_step: str

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(shortfall.sentence for shortfall in self.shortfalls)


def judge(
    consensus: LatentConsensus | Undefined,
    thresholds: Thresholds | None = None,
    *,
    extra_rounds_used: int,
    institutions_in_study: int,
) -> Verdict:
    """Judge one latent after its round is complete. Raises ScienceError for a negative or absent count."""
    if extra_rounds_used < 0 or institutions_in_study < 1:
        raise ScienceError("A study has at least one institution, and extra rounds are counted from 0.")
    thresholds = thresholds or Thresholds()
    shortfalls = tuple(_shortfalls(consensus, thresholds, institutions_in_study))
    failed = {shortfall.criterion for shortfall in shortfalls}
    if not failed:
        return Verdict("accepted", (), "The answer is settled.")
    if extra_rounds_used < thresholds.extra_rounds:
        return Verdict("needs_raters", shortfalls, _ask_more(thresholds, extra_rounds_used))
    if failed <= MISSING_PEOPLE or "n_eff" in failed:
        return Verdict("recruiting", shortfalls, "It waits for raters; there is nothing yet to adjudicate.")
    return Verdict("persistent", shortfalls, "It goes to a senior adjudicator.")


def _ask_more(thresholds: Thresholds, used: int) -> str:
    return (
        f"{thresholds.raters_per_extra_round} more raters are asked, another institution first "
        f"(extra round {used + 1} of {thresholds.extra_rounds})."
    )


def _shortfalls(
    consensus: LatentConsensus | Undefined, required: Thresholds, institutions_in_study: int
) -> Iterator[Shortfall]:
    if isinstance(consensus, Undefined):
        yield Shortfall("answers", 0.0, 1.0, consensus.reason)
        return
    found = consensus
    if found.q_max < required.q:
        yield _below("q", found.q_max, required.q, f'the posterior of "{found.winner}"')
    if found.theta_max < required.theta:
        yield _below("theta", found.theta_max, required.theta, "the largest share of opinion")
    if found.n_eff < required.n_eff:
        yield _below("n_eff", found.n_eff, required.n_eff, "the number of independent ratings")
    if found.flip_rate >= required.flip_rate:
        yield _unstable(found.flip_rate, required.flip_rate)
    needed = min(required.institutions, institutions_in_study)
    if found.n_institutions < needed:
        sentence = f"Rated from {found.n_institutions} of the {needed} institutions that are needed."
        yield Shortfall("institutions", found.n_institutions, needed, sentence)


def _below(criterion: Criterion, value: float, required: float, what: str) -> Shortfall:
    shown = _digits(value, required)
    missing = f"{required:g} is needed ({required - value:.{shown}f} short)"
    return Shortfall(criterion, value, required, f"{what[0].upper()}{what[1:]} is {value:.{shown}f}; {missing}.")


def _unstable(value: float, limit: float) -> Shortfall:
    change = f"With other raters drawn from these the answer would change in {value:.0%} of draws"
    return Shortfall("flip_rate", value, limit, f"{change}; under {limit:.0%} is needed.")


def _digits(value: float, required: float) -> int:
    """Enough decimals that a near miss does not read as equal to what is required."""
    return next((d for d in range(2, 7) if round(value, d) != round(required, d)), 7)
