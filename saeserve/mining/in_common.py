"""The part of two draws that both hold: the same tokens in the same order, with each draw's own firings."""

import numpy as np
from numpy.typing import NDArray

from saeserve.mining.token_draw import TokenDraw


def in_common(one: TokenDraw, other: TokenDraw) -> tuple[TokenDraw, TokenDraw]:
    """Both draws come from one corpus with one seed, so that a token has the same hash in both."""
    _, mine, theirs = np.intersect1d(_keys(one), _keys(other), assume_unique=True, return_indices=True)
    return one.take(mine), other.take(theirs)


def _keys(draw: TokenDraw) -> NDArray[np.void]:
    """Hash, document and character of each token, comparable as one value."""
    keys = np.empty(len(draw), dtype=[("hash", np.uint64), ("document", np.int32), ("position", np.int32)])
    keys["hash"], keys["document"], keys["position"] = draw.hashes, draw.documents, draw.positions
    return keys
