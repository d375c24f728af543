"""What agreement, accepted labels and cases become with one rater, institution or round left out.

Everything is fitted again without them, raters' error rates, institutions and scorers included; calibration answers of
who is left out go too. The study stands where it stands: extra rounds count as used, and an institution that falls away
is no longer asked for. A reading that stays is a first reading, if the one before it goes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal, NotRequired, TypedDict, Unpack, get_args

from annotation.science.alpha import alpha
from annotation.science.ambiguity import Outcome, Thresholds, judge
from annotation.science.clc import clc
from annotation.science.clc_parameters import ClcParameters
from annotation.science.distance import Level
from annotation.science.split_votes import known_values
from annotation.science.table import RatingTable
from annotation.science.types import (
    Answer,
    CalibrationAnswer,
    Estimate,
    FloatArray,
    Item,
    ScienceError,
    Undefined,
    Value,
)

VERSION = "sensitivity-1"
Kind = Literal["nobody", "rater", "institution", "round"]
NOBODY_LEFT = Undefined("Nobody else has answered for this latent.")
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True)
class ChangedLabel:
    """A label that is accepted with everybody, and is not the accepted one without whoever is left out."""

    latent: str
    before: Value
    after: Value | None
    """None: it is no longer accepted."""
    outcome: Outcome
    """What the rule makes of the latent then."""


@dataclass(frozen=True)
class LeftOut:
    kind: Kind
    left_out: str
    """Rater, institution or round; empty for `nobody`, the figures to compare with."""
    n_latents: int
    """Latents that still have an answer."""
    n_ratings: int
    """Answers that stay, "cannot tell" among them."""
    alpha: Estimate | Undefined
    """Without an interval unless replicates are asked for."""
    verdicts: Mapping[Outcome, int] | None
    """All latents that anybody has read, by what the rule makes of them; None without thresholds."""
    changed: tuple[ChangedLabel, ...]


class Terms(TypedDict):
    """What stays the same whoever is left out."""

    seed: int
    level: Level
    extra_rounds: Mapping[str, int]
    """How many each latent has used, 0 where it is not named."""
    institutions_in_study: int
    calibration: NotRequired[Sequence[CalibrationAnswer]]
    domain: NotRequired[Sequence[Value] | None]
    """Options in order, for alpha; by default the item's, or the values seen."""
    distances: NotRequired[FloatArray | None]
    """(domain, domain): for level "hierarchy" only."""
    replicates: NotRequired[int]
    """Of alpha's interval; by default none."""


def leave_one_out(
    answers: Sequence[Answer],
    item: Item,
    params: ClcParameters | None,
    thresholds: Thresholds | None,
    **terms: Unpack[Terms],
) -> tuple[LeftOut, ...]:
    """First with nobody left out, then each rater, institution and round (`Answer.round`) whose absence leaves anybody.

    `thresholds` None: the item decides nothing, so that only alpha is computed. Raises ScienceError as `clc` does.
    """
    refits = _Refits(tuple(answers), item, params, thresholds, **terms)
    whole = refits.of("nobody", "", refits.everything, None)
    return whole.figures, *(
        refits.of(kind, name, rest, whole.accepted).figures for kind, name, rest in _leaving_out(refits.everything)
    )


def without(
    kind: Kind,
    left_out: str,
    answers: Sequence[Answer],
    item: Item,
    params: ClcParameters | None,
    thresholds: Thresholds | None,
    *,
    accepted: Mapping[str, Value],
    **terms: Unpack[Terms],
) -> LeftOut:
    """One entry of `leave_one_out`, for who computes them one by one. `accepted`: the label accepted with everybody, by
    latent. Raises ScienceError if nobody of that name has answered, or nobody else has.
    """
    refits = _Refits(tuple(answers), item, params, thresholds, **terms)
    rest = staying(refits.everything, kind, left_out)
    if not rest or (kind != "nobody" and len(rest) == len(refits.everything)):
        raise ScienceError(f"Leaving out {kind} {left_out} changes nothing, or leaves nobody.")
    return refits.of(kind, left_out, rest, accepted).figures


def left_out_of(answers: Sequence[Answer]) -> tuple[tuple[Kind, str], ...]:
    """(kind, who or what) of every entry of `leave_one_out`, in its order."""
    return ("nobody", ""), *((kind, name) for kind, name, _ in _leaving_out(tuple(answers)))


def staying(answers: Sequence[Answer], kind: Kind, left_out: str) -> tuple[Answer, ...]:
    """The answers of all others; `nobody` leaves all of them."""
    if kind == "nobody":
        return tuple(answers)
    of = dict(KINDS)[kind]
    return tuple(answer for answer in answers if of(answer) != left_out)


KINDS: tuple[tuple[Kind, Callable[[Answer], str]], ...] = (
    ("rater", lambda answer: answer.rater),
    ("institution", lambda answer: answer.institution),
    ("round", lambda answer: answer.round),
)
"""What can be left out, and which of them an answer belongs to."""


def _leaving_out(everything: tuple[Answer, ...]) -> Iterator[tuple[Kind, str, tuple[Answer, ...]]]:
    """Each rater, institution and round that has a name, with the answers that stay; not the only one of its kind."""
    for kind, of in KINDS:
        for name in sorted({of(answer) for answer in everything} - {""}):
            if rest := staying(everything, kind, name):
                yield kind, name, rest


@dataclass(frozen=True)
class _Refit:
    figures: LeftOut
    accepted: Mapping[str, Value]


@dataclass(frozen=True)
class _Refits:
    everything: tuple[Answer, ...]
    item: Item
    params: ClcParameters | None
    thresholds: Thresholds | None
    seed: int
    level: Level
    extra_rounds: Mapping[str, int]
    institutions_in_study: int
    calibration: Sequence[CalibrationAnswer] = ()
    domain: Sequence[Value] | None = None
    distances: FloatArray | None = None
    replicates: int = 0

    def of(self, kind: Kind, name: str, rest: tuple[Answer, ...], before: Mapping[str, Value] | None) -> _Refit:
        """`before`: the labels accepted with everybody; None while those are being found."""
        verdicts = self._verdicts(rest)
        accepted = {latent: label for latent, (outcome, label) in verdicts.items() if outcome == "accepted"}
        domain = self.domain or self.item.classes or known_values(self.everything)
        table = RatingTable.from_answers(_first_readings(rest), domain)
        counted = Counter(outcome for outcome, _ in verdicts.values())
        figures = LeftOut(
            kind=kind,
            left_out=name,
            n_latents=len({answer.latent for answer in rest if answer.value is not None}),
            n_ratings=len(rest),
            alpha=alpha(table, self.level, seed=self.seed, replicates=self.replicates, distances=self.distances),
            verdicts={outcome: counted[outcome] for outcome in OUTCOMES} if verdicts else None,
            changed=tuple(_changes(before or {}, accepted, verdicts)),
        )
        return _Refit(figures, accepted)

    def _verdicts(self, rest: tuple[Answer, ...]) -> dict[str, tuple[Outcome, Value]]:
        """By latent, what the rule makes of it and the label that leads, after a full refit."""
        if self.thresholds is None:
            return {}
        staying = {answer.rater for answer in rest}
        known = [answer for answer in self.calibration if answer.rater in staying]
        result = clc(rest, self.item, self.params, seed=self.seed, calibration=known)
        found = {} if isinstance(result, Undefined) else {each.latent: each for each in result.latents}
        gone = len({a.institution for a in self.everything}) - len({a.institution for a in rest})
        verdicts = {}
        for latent in sorted({answer.latent for answer in self.everything}):
            consensus = found.get(latent, NOBODY_LEFT)
            verdict = judge(
                consensus,
                self.thresholds,
                extra_rounds_used=self.extra_rounds.get(latent, 0),
                institutions_in_study=max(1, self.institutions_in_study - gone),
            )
            verdicts[latent] = (verdict.outcome, "" if isinstance(consensus, Undefined) else consensus.winner)
        return verdicts


def _changes(
    before: Mapping[str, Value], after: Mapping[str, Value], verdicts: Mapping[str, tuple[Outcome, Value]]
) -> Iterator[ChangedLabel]:
    for latent, label in sorted(before.items()):
        if after.get(latent) != label:
            yield ChangedLabel(latent, label, after.get(latent), verdicts[latent][0])


def _first_readings(answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    """The earliest reading that each rater has of each latent, as her first."""
    ordered = sorted(answers, key=lambda answer: (answer.latent, answer.rater, answer.reading))
    grouped = groupby(ordered, key=lambda answer: (answer.latent, answer.rater))
    return tuple(replace(next(readings), reading=1) for _, readings in grouped)
