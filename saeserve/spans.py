"""The characters of a text that a token stands for."""

import numpy as np
from numpy.typing import NDArray


def clean_spans(text: str, offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and one past the last character [token] of each token, from a tokenizer's offsets [token, 2].

    Inside the text, never empty, without a token's leading space, in order, and either apart or equal: the pieces of
    one character, and tokens that stand for none, share a neighbour's span.
    """
    starts, ends = np.clip(offsets, 0, len(text)).T.copy()
    if not len(starts):
        return starts, ends
    space = np.array([character.isspace() for character in text] or [False])
    starts += space[np.minimum(starts, len(space) - 1)] & (ends - starts > 1)
    ends[ends <= starts] = 0
    covered = np.concatenate([[0], np.maximum.accumulate(ends)[:-1]])
    for at in np.nonzero((starts < covered) | (ends == 0))[0].tolist():
        if ends[at] > covered[at]:
            starts[at] = covered[at]
        elif at:
            starts[at], ends[at] = starts[at - 1], ends[at - 1]
    first = int(np.argmax(ends > 0))
    starts[:first], ends[:first] = starts[first], ends[first]
    return (starts, ends) if ends[0] else (np.zeros_like(starts), np.ones_like(ends))
