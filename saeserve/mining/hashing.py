"""Numbers that stand for chance: the same for the same seed, snippet and latent, whichever worker computes them."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def snippet_hash(seed: int, document_id: str, start: int) -> int:
    """64-bit hash of a snippet."""
    return int.from_bytes(hashlib.blake2b(f"{seed}\n{document_id}\n{start}".encode(), digest_size=8).digest(), "little")


def mixed(hashes: NDArray[np.uint64], latents: NDArray[np.integer] | int) -> NDArray[np.uint64]:
    """A hash of snippet and latent, so that latents do not all draw the same snippets (splitmix64's finaliser)."""
    with np.errstate(over="ignore"):
        value = hashes + (np.asarray(latents).astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return value ^ (value >> np.uint64(31))
