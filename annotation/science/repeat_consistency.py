"""How often somebody who decides the same thing twice, without knowing it, decides alike.

Share with Wilson's interval, and Cohen's kappa of her first against her second decisions.

Literature: Wilson, Journal of the American Statistical Association 1927;22:209; Cohen, Educational and Psychological
Measurement 1960;20:37.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

from annotation.science.types import Interval, Undefined

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Consistency:
    n: int
    """Pairs of decisions."""
    same: int
    share: float | Undefined
    interval: Interval | Undefined
    """Wilson, 95 %."""
    kappa: float | Undefined


def repeat_consistency(pairs: Sequence[tuple[str, str]]) -> Consistency:
    """pairs: (first decision, second decision), each a label such as `irreducible` or `concept: chest pain`.

    >>> repeat_consistency([("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")]).kappa
    0.5
    """
    n, same = len(pairs), sum(first == second for first, second in pairs)
    if not n:
        nothing = Undefined("No case has come back yet.")
        return Consistency(n=0, same=0, share=nothing, interval=nothing, kappa=nothing)
    bounds = binomtest(same, n).proportion_ci(CONFIDENCE, method="wilson")
    return Consistency(
        n=n,
        same=same,
        share=same / n,
        interval=Interval(float(bounds.low), float(bounds.high)),
        kappa=_kappa(pairs, same / n),
    )


def _kappa(pairs: Sequence[tuple[str, str]], observed: float) -> float | Undefined:
    n = len(pairs)
    if n < 2:
        return Undefined("One case has come back: kappa needs two or more.")
    firsts, seconds = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    expected = sum(count * seconds[label] for label, count in firsts.items()) / n**2
    if expected == 1:
        return Undefined("Every decision was the same one, so that chance alone explains the agreement.")
    return (observed - expected) / (1 - expected)
