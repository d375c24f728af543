"""Majority vote with its ties: the baseline that every page and release shows beside the weighted consensus."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annotation.science.split_votes import split_votes
from annotation.science.types import Answer, Value, sort_key


@dataclass(frozen=True)
class Majority:
    latent: str
    winners: tuple[Value, ...]
    """The answers with most votes: more than one is a tie, none means that nobody could tell."""
    votes: Mapping[Value, float]
    """Votes by answer, most first. A rater who read the latent twice splits her vote."""
    n_raters: int
    cannot_tell: int
    """Raters who gave no other answer than "cannot tell"."""

    @property
    def tied(self) -> bool:
        return len(self.winners) > 1

    @property
    def share(self) -> float:
        """Share of the votes that one winner holds; 0 without votes."""
        return self.votes[self.winners[0]] / self.n_raters if self.winners else 0.0


def majority(answers: Iterable[Answer]) -> tuple[Majority, ...]:
    """One result per latent, sorted by latent. "Cannot tell" is no vote and is counted apart."""
    by_latent: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_latent[answer.latent].append(answer)
    return tuple(_of_latent(latent, by_latent[latent]) for latent in sorted(by_latent))


def _of_latent(latent: str, answers: list[Answer]) -> Majority:
    votes: dict[Value, float] = defaultdict(float)
    split = split_votes(answers)
    for answer, weight in split:
        if answer.value is not None:
            votes[answer.value] += weight
    most = max(votes.values(), default=0.0)
    ordered = dict(sorted(votes.items(), key=lambda pair: (-pair[1], sort_key(pair[0]))))
    voters = {answer.rater for answer, _ in split}
    return Majority(
        latent=latent,
        winners=tuple(value for value, count in ordered.items() if most - count < 1e-9),
        votes=ordered,
        n_raters=len(voters),
        cannot_tell=len({answer.rater for answer in answers} - voters),
    )
