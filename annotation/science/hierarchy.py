"""How far apart two concepts are in a hierarchy: "myocardial infarction" against "unstable angina" is a near miss.

    similarity(a, b) = max over c above both of  2 depth(c) / (up(a, c) + up(b, c) + 2 depth(c)),  distance = 1 - that

depth: concepts on the longest chain of broader links from c to a top, c and the top included; up: links on the shortest
way. Wu and Palmer 1994, Verb semantics and lexical selection (ACL), the measure most used for taxonomies. Theirs is for
a tree with one root; in a hierarchy where a concept may have several broader ones the best common one counts, and
concepts that have nothing above both are 1 apart: two tops are strangers, not children of an unseen root. Two concepts
under one top are 1/2 apart, a concept and the top above it 1/3.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from annotation.science.types import FloatArray, ScienceError, Value

Broader = Mapping[str, frozenset[str]]


def concept_distances(values: Sequence[Value], broader: Broader) -> FloatArray:
    """(values, values), 0 to 1. `broader`: each concept's direct broader ones, by the same names as the values.

    A value that the hierarchy does not hold is 1 apart from every other. Raises ScienceError for a circle of links.
    """
    names = [str(value) for value in values]
    depth = _depths(broader)
    above = [_above(name, broader) for name in names]
    under: dict[str, list[int]] = {}
    for i, ups in enumerate(above):
        for ancestor in ups:
            under.setdefault(ancestor, []).append(i)
    similarity = np.eye(len(names))
    for ancestor, rows in under.items():
        places = np.array(rows)
        links = np.array([above[i][ancestor] for i in rows], dtype=np.float64)
        twice = 2.0 * depth.get(ancestor, 1)
        shared = twice / (links[:, None] + links[None, :] + twice)
        block = np.ix_(places, places)
        similarity[block] = np.maximum(similarity[block], shared)
    return 1.0 - similarity


def _above(name: str, broader: Broader) -> dict[str, int]:
    """Every concept at or above this one, with the fewest links up to it."""
    found, layer, links = {name: 0}, [name], 0
    while layer:
        links += 1
        layer = sorted({up for each in layer for up in broader.get(each, ()) if up not in found})
        found |= dict.fromkeys(layer, links)
    return found


def _depths(broader: Broader) -> dict[str, int]:
    """Of every concept that is named; a top has 1."""
    depth: dict[str, int] = {}
    waiting = set(broader) | {up for ups in broader.values() for up in ups}
    while waiting:
        ready = {name for name in waiting if all(up in depth for up in broader.get(name, ()))}
        if not ready:
            raise ScienceError(
                f'"{min(waiting)}" is broader than itself by a circle of broader links; undo one of them.'
            )
        for name in ready:
            depth[name] = 1 + max((depth[up] for up in broader.get(name, ())), default=0)
        waiting -= ready
    return depth
