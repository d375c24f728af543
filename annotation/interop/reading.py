"""What every importer gives: a corpus, and the rows of a mining run over it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from annotation.interop.choosing import Wish
from annotation.interop.profile import Row


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the files say of the run as a whole."""

    tool: str
    """neuronpedia | saedashboard | delphi"""
    model: str
    sae: str
    """As the files name them."""
    hook_point: str
    """As the files write it; empty where they do not."""
    width: int
    """Latents from 0 to the last one that the files hold."""
    tokens: int
    """Tokens on which densities rest; 0 where the files do not say."""
    window_tokens: int
    """Tokens in the windows that came with the files."""
    unit: str
    """raw | decoder-norm"""
    edges: list[float]
    """Of the histograms."""
    positions: list[int]
    """Tokens in each tenth of the documents."""
    notes: tuple[str, ...]
    """What the files do not say, or was left out of them, in sentences."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What somebody or something said of a latent elsewhere."""

    latent: int
    text: str
    author: str
    method: str
    """Kind of explanation; empty where it was written by hand or nobody says."""
    model: str
    """What wrote it; empty where a person did or nobody says."""
    created: str


class Reading(Protocol):
    """Files that have been read and hold."""

    facts: Facts
    documents: list[tuple[str, str]]
    """(key, text), no text twice."""
    explanations: list[Explanation]
    files: dict[str, str]
    """Path to hex sha256 of every file that was read."""

    def mined(self, wish: Wish) -> Iterator[tuple[Row, list[Row]]]:
        """Each latent's row with its snippets' rows, by index; columns as in saeserve.contract."""
