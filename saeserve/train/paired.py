"""Differences of cross-entropy on the same documents, with the standard error that documents as units give."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from saeserve.quality import NextToken


@dataclass(frozen=True)
class Difference:
    """Of mean cross-entropies, nats."""

    mean: float
    error: float
    """Standard error; 0 where there is a single document."""


def mean(found: Sequence[NextToken]) -> float:
    """Over all tokens."""
    return sum(one.tokens * one.mean for one in found) / sum(one.tokens for one in found)


def difference(one: Sequence[NextToken], other: Sequence[NextToken]) -> Difference:
    """`one` minus `other`, which are of the same documents, by the ratio estimator: documents are the drawn units."""
    tokens = [found.tokens for found in one]
    apart = [n * (a.mean - b.mean) for n, a, b in zip(tokens, one, other, strict=True)]
    middle = sum(apart) / sum(tokens)
    square = sum((value - n * middle) ** 2 for value, n in zip(apart, tokens, strict=True))
    units = len(tokens)
    return Difference(middle, math.sqrt(units / (units - 1) * square) / sum(tokens) if units > 1 else 0.0)
