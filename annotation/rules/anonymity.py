"""k-anonymity of what a release says of its people: who stands alone by what is known of her.

Sweeney 2002, doi 10.1142/S0218488502001648. The release says role and institution, and specialty and seniority where
the study chose so; a pseudonym that shares all of them with fewer than k - 1 others may be recognised by a colleague.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

K = 3


@dataclass(frozen=True)
class SmallCell:
    """People who share their attributes with too few others."""

    attributes: tuple[str, ...]
    """Values, in the order of the attributes."""
    pseudonyms: tuple[str, ...]


def small_cells(people: Mapping[str, Sequence[str]], *, k: int = K) -> tuple[SmallCell, ...]:
    """By pseudonym, the values of each one's attributes: the groups of fewer than k, in order of their values."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for pseudonym, attributes in people.items():
        groups[tuple(attributes)].append(pseudonym)
    return tuple(SmallCell(values, tuple(sorted(own))) for values, own in sorted(groups.items()) if len(own) < k)


def without_each(people: Mapping[str, Sequence[str]], *, k: int = K) -> tuple[int, ...]:
    """How many people would stand in a group of fewer than k, were the first attribute left out, the second, ..."""
    attributes = len(next(iter(people.values()), ()))
    return tuple(
        sum(len(cell.pseudonyms) for cell in small_cells(_without(people, place), k=k)) for place in range(attributes)
    )


def _without(people: Mapping[str, Sequence[str]], place: int) -> dict[str, tuple[str, ...]]:
    return {name: (*values[:place], *values[place + 1 :]) for name, values in people.items()}
