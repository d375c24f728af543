"""Which rows of a block's lists may be shown for each of its latents, in the order in which they are chosen."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saeserve.mining.deciles import Deciles
from saeserve.mining.keep import one_each
from saeserve.mining.merge_files import Block
from saeserve.mining.tally import Candidates


class LatentRows:
    """Rows of each latent, one an owner and a text; of top the strongest, of held the strongest, of sample the highest
    decile come first."""

    def __init__(self, block: Block, deciles: Deciles) -> None:
        decile = deciles.of(block.sample.latents - block.first, block.sample.peaks)
        self.decile = decile.data
        """[row of sample]"""
        self.top = OneList(block, block.top, np.zeros(len(block.top)))
        self.sample = OneList(block, block.sample, -decile)
        self.held = OneList(block, block.held, -block.held.peaks)


class OneList:
    """Rows of one list by latent, and what they use up."""

    def __init__(self, block: Block, part: Candidates, costs: NDArray[Any]) -> None:
        """costs: [row] the lowest of each latent come first, of equals the earlier row."""
        self.owners, self.groups = part.owners.data, part.groups.data
        rows = np.flatnonzero(one_each(part))
        rows = rows[np.lexsort((costs[rows], part.latents[rows]))]
        borders = np.searchsorted(part.latents[rows], np.arange(block.first, block.last + 1)).tolist()
        ordered = rows.tolist()
        self._first = block.first
        self._rows = [ordered[first:last] for first, last in pairwise(borders)]

    def of(self, latent: int) -> list[int]:
        return self._rows[latent - self._first]
