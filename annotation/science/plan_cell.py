"""One size of a study in a plan: what interval of alpha it would give."""

from dataclasses import dataclass

import numpy as np

from annotation.science.bootstrap import bootstrap_interval
from annotation.science.distance import Level
from annotation.science.pilot_model import PilotModel
from annotation.science.rated_pairs import rated_pairs
from annotation.science.simulated_study import drawn_study
from annotation.science.types import FloatArray, IntArray, Interval, Undefined, Value
from annotation.science.weighted_alpha import weighted_alpha

WITHOUT_INTERVAL = 0.1
"""Where more of the drawn studies have no interval, a cell has no width."""


@dataclass(frozen=True)
class PlanCell:
    raters: int
    """Raters a latent."""
    latents: int
    width: float | Undefined
    """Expected width of the 95 % interval of alpha."""
    monte_carlo_error: float
    """Standard error of `width`: it would differ by so much with another seed."""
    likely: Interval | Undefined
    """Between these widths four of five studies of this size end."""
    alpha: float | Undefined
    """Mean alpha of the drawn studies."""
    reaches: bool
    """Whether `width`, with twice its error, is within the wish."""

    @property
    def ratings(self) -> int:
        return self.raters * self.latents


@dataclass(frozen=True)
class Grid:
    """Draws studies of any size from one pilot's model."""

    model: PilotModel
    values: tuple[Value, ...]
    level: Level
    distances: FloatArray | None
    pool: int
    wanted_width: float
    seed: int
    simulations: int
    replicates: int

    def cell(self, raters: int, latents: int) -> PlanCell:
        """The same whatever other cells are asked for: its draws have their own seed."""
        drawn = [
            self._study(raters, latents, np.random.default_rng([self.seed, raters, latents, draw]))
            for draw in range(self.simulations)
        ]
        alphas = [value for value, _ in drawn if np.isfinite(value)]
        intervals = [interval for _, interval in drawn]
        widths = [interval.high - interval.low for interval in intervals if isinstance(interval, Interval)]
        missing = next((interval for interval in intervals if isinstance(interval, Undefined)), None)
        mean = float(np.mean(alphas)) if alphas else Undefined("Every drawn study had one answer throughout.")
        if missing is not None and len(widths) < (1 - WITHOUT_INTERVAL) * len(drawn):
            return PlanCell(raters, latents, missing, 0.0, missing, mean, False)
        width, error = float(np.mean(widths)), float(np.std(widths, ddof=1) / np.sqrt(len(widths)))
        low, high = (float(x) for x in np.percentile(widths, [10, 90]))
        return PlanCell(
            raters, latents, width, error, Interval(low, high), mean, width + 2 * error <= self.wanted_width
        )

    def _study(self, raters: int, latents: int, rng: np.random.Generator) -> tuple[float, Interval | Undefined]:
        codes = drawn_study(
            self.model, len(self.values), raters=raters, latents=latents, pool=max(self.pool, raters), rng=rng
        )
        used, place = np.unique(codes, return_inverse=True)
        statistic = weighted_alpha(
            rated_pairs(place.reshape(codes.shape), len(used)),
            [self.values[k] if k < len(self.values) else str(k) for k in used],
            self.level,
            self._among(used),
        )
        interval = bootstrap_interval(latents, statistic, seed=int(rng.integers(2**63)), replicates=self.replicates)
        return float(statistic(np.ones((1, latents)))[0]), interval

    def _among(self, used: IntArray) -> FloatArray | None:
        """Distances among the used values; what the pilot does not have is 1 from all."""
        if self.distances is None:
            return None
        known = used < len(self.values)
        place = np.where(known, used, 0)
        both = known[:, None] & known[None, :]
        return np.where(both, np.asarray(self.distances)[np.ix_(place, place)], 1.0 - np.eye(len(used)))
