"""Chance that can be drawn again: the same study, latent and rater give the same turn on any machine."""

import hashlib

TURNS = 2**31
"""Turns are 0 to TURNS - 1, what the column Slot.turn holds."""


def turn(seed: int, *parts: object) -> int:
    """A number below TURNS, evenly spread over different parts."""
    key = ":".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % TURNS


def drawn(share: float, seed: int, *parts: object) -> bool:
    """True for this share of different parts, always the same ones. A larger share adds to those of a smaller."""
    return turn(seed, *parts) < share * TURNS
