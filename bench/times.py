"""How long answers took, in words."""

from collections.abc import Sequence
from statistics import quantiles


def centile(seconds: Sequence[float], share: int) -> float:
    """The so-many-th hundredth, in milliseconds."""
    return 1e3 * quantiles(seconds, n=100, method="inclusive")[share - 1] if len(seconds) > 1 else 1e3 * seconds[0]


def in_words(claims: Sequence[float], submits: Sequence[float]) -> str:
    return (
        f"claim {centile(claims, 50):.1f}/{centile(claims, 95):.1f}, "
        f"submit {centile(submits, 50):.1f}/{centile(submits, 95):.1f} ms p50/p95"
    )
