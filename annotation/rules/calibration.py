"""Calibration: how close a rater's answers come to the panel's, when she has passed, and what is due next.

    credit of an answer = share that the panel gives it / largest share that the panel gives any answer
    score of a set      = mean of the credits over all of its items and latents
    passed              = score >= the study's calibration threshold

The division makes the panel's own favourite worth 1 however divided the panel is: on an item where seniors differ 50
to 50, either answer is right. "Cannot tell" earns 0 wherever the panel could tell. An item that the rater was not
asked (its condition was not met, or the latent was not clinical to her) is left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from annotation.rules.refusal import Refused

SETS = (1, 2)
"""A rater who fails the first set is given the second; who fails both talks to her coordinator."""
SUM_TOLERANCE = 0.005
"""Three times 33.3 per cent is meant to be all: sums so close to 1 are made 1."""

Distribution = Mapping[str, float]


class CalibrationState(StrEnum):
    NOT_NEEDED = "not-needed"
    DUE = "due"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a rater stands with a study's calibration."""

    state: CalibrationState
    set: int = 0
    """The set that is due; 0 where none is."""

    @property
    def blocks(self) -> bool:
        """Whether no other round may be opened to her."""
        return self.state in (CalibrationState.DUE, CalibrationState.FAILED)


@dataclass(frozen=True, kw_only=True)
class SetPart:
    """One calibration set as one rater finds it."""

    set: int
    open: bool
    """Its round takes ratings."""
    latents: int
    """Those that may be handed to her: all but those whose reference she set."""
    left: int
    """Of these, neither rated nor declined."""


def standing(parts: Iterable[SetPart], *, calibrated: bool) -> Standing:
    """What is due.

    parts: the sets whose rounds have been opened, in order; calibrated: she passed, or was let through. Opening
    calibration asks every rater who has not passed; closing a set's round asks nobody any more who has not finished it.
    """
    if calibrated:
        return Standing(state=CalibrationState.PASSED)
    failed = False
    for part in parts:
        if not part.latents:
            continue
        if not part.left:
            failed = True
        elif part.open:
            return Standing(state=CalibrationState.DUE, set=part.set)
    return Standing(state=CalibrationState.FAILED if failed else CalibrationState.NOT_NEEDED)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of one set for one rater."""

    score: float
    """Mean credit, 0 to 1."""
    answers: int
    """Items over all latents that the mean is over."""
    latents: int
    threshold: float

    @property
    def passed(self) -> bool:
        return self.answers > 0 and self.score >= self.threshold


def verdict(credits: Mapping[int, Sequence[float]], *, threshold: float) -> Verdict:
    """credits: of each latent that she rated, one a referenced item. Without any answer nobody passes."""
    everything = [credit for of_latent in credits.values() for credit in of_latent]
    score = sum(everything) / len(everything) if everything else 0.0
    return Verdict(score=score, answers=len(everything), latents=len(credits), threshold=threshold)


def credit(answer: str | None, reference: Distribution) -> float:
    """The share of her answer over the largest share. None ("cannot tell") and answers that nobody gave earn 0."""
    return share_of(answer, reference) / max(reference.values())


def share_of(answer: str | None, reference: Distribution) -> float:
    """The reference's share for an answer. Concepts are compared without regard to case and spacing."""
    if answer is None:
        return 0.0
    wanted = fold(answer)
    return sum(share for given, share in reference.items() if fold(given) == wanted)


def after_merges(reference: Distribution, merged: Mapping[str, str]) -> dict[str, float]:
    """The reference with merged concepts under the names that they count under, their shares added.

    merged: of queries.concept_names.merged_names.
    """
    shares: dict[str, float] = defaultdict(float)
    written: dict[str, str] = {}
    for answer, share in reference.items():
        name = counted_as(answer, merged)
        shares[written.setdefault(fold(name), name)] += share
    return dict(shares)


def counted_as(answer: str, merged: Mapping[str, str]) -> str:
    """The name that a concept counts under; itself where it is not merged."""
    return merged.get(fold(answer), answer)


def fold(answer: str) -> str:
    return " ".join(answer.split()).casefold()


def panel_mean(distributions: Sequence[Distribution]) -> dict[str, float]:
    """The panel's reference: the mean of its members' distributions, the most shared answer first.

    Raises Refused without any.
    """
    if not distributions:
        raise Refused("Nobody of the panel has set a reference here yet.")
    total: dict[str, float] = defaultdict(float)
    written: dict[str, str] = {}
    for distribution in distributions:
        for answer, share in distribution.items():
            total[written.setdefault(fold(answer), answer)] += share / len(distributions)
    return dict(sorted(total.items(), key=lambda entry: (-entry[1], entry[0])))


def check_distribution(what: str, shares: Mapping[str, float]) -> dict[str, float]:
    """The answers with a share above 0, which add to 1 exactly. `what` names the item in the sentence.

    Raises Refused for shares that are none, or do not add to 1 within SUM_TOLERANCE.
    """
    if any(not 0 <= share <= 1 for share in shares.values()):
        raise Refused(f"“{what}” has a share that is no number from 0 to 100.")
    total = sum(shares.values())
    if abs(total - 1) > SUM_TOLERANCE:
        raise Refused(f"The shares of “{what}” add to {100 * total:.4g} per cent. Make them add to 100.")
    return {answer: share / total for answer, share in shares.items() if share > 0}
