"""How often a latent fires, on a logarithmic scale."""

from dataclasses import dataclass

from annotation.views.drawing.figures import one_in, significant
from annotation.views.drawing.scales import LogScale, Tick

LOWEST, HIGHEST = 1e-6, 1.0


@dataclass(frozen=True, kw_only=True)
class DensityMeter:
    """What `components/density_meter.html` draws."""

    x: float
    """Where the latent stands, per cent."""
    percent: str
    words: str
    """`1 in 1,240 tokens`"""
    ticks: tuple[Tick, ...]
    bound: float | None
    """Where the study's bound on density stands, per cent."""
    beyond_width: float
    """From the bound to the right end, per cent."""
    bound_words: str
    beyond: bool
    """Denser than the bound."""


class BadDensity(ValueError):
    """A density is a share of tokens."""


def density_meter(density: float, bound: float | None = None) -> DensityMeter:
    """Place a density (firing tokens / tokens seen, 0 to 1) and the study's upper bound on a scale from 1e-6 to 1."""
    if not 0 <= density <= 1:
        raise BadDensity(f"A density is a share of tokens from 0 to 1, and this one is {density}.")
    scale = LogScale(low=LOWEST, high=HIGHEST)
    marks = ((1e-6, "0.0001 %"), (1e-4, "0.01 %"), (1e-2, "1 %"), (1.0, "100 %"))
    return DensityMeter(
        x=scale.x(density),
        percent=f"{significant(100 * density, 2)} %",
        words="never" if density == 0 else f"{one_in(density)} tokens",
        ticks=tuple(Tick(x=scale.x(value), label=label) for value, label in marks),
        bound=None if bound is None else scale.x(bound),
        beyond_width=0.0 if bound is None else round(100 - scale.x(bound), 3),
        bound_words="" if bound is None else f"{significant(100 * bound, 2)} %",
        beyond=bound is not None and density > bound,
    )
