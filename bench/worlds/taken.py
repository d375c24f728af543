"""All replicates of all scenarios: kept as one file, averaged over groups, compared in pairs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bench.worlds.scenarios import SCENARIOS, Scenario

Rows = Mapping[str, Mapping[str, list[float]]]
"""By method, then by figure: one value a replicate."""
ROUNDS, OPEN_ROUNDS = "rounds", "rounds of an open item"


@dataclass(frozen=True)
class Taken:
    replicates: int
    first_seed: int
    by_scenario: Mapping[str, Rows]
    """By a scenario's name; the whole rule's figures under ROUNDS, and under OPEN_ROUNDS."""
    seconds: float

    def values(self, scenario: Scenario, method: str, figure: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array(self.by_scenario[scenario.name][method][figure], dtype=np.float64)

    def mean(self, scenarios: Iterable[Scenario], method: str, figure: str) -> float:
        """Over scenarios and replicates; those where the figure has no denominator are left out, nan if all are."""
        found = np.concatenate([self.values(scenario, method, figure) for scenario in scenarios])
        known = found[~np.isnan(found)]
        return float(known.mean()) if len(known) else float("nan")

    def difference(self, scenario: Scenario, method: str, other: str, figure: str = "accuracy") -> "Difference":
        by_replicate = self.values(scenario, method, figure) - self.values(scenario, other, figure)
        error = float(by_replicate.std(ddof=1) / np.sqrt(len(by_replicate)))
        return Difference(float(by_replicate.mean()), error)

    def tally(self, method: str, other: str) -> "Tally":
        differences = [self.difference(scenario, method, other) for scenario in SCENARIOS]
        return Tally(sum(d.better for d in differences), sum(d.worse for d in differences), len(differences))


@dataclass(frozen=True)
class Difference:
    """Of two methods on the same worlds: mean over replicates, and its standard error."""

    mean: float
    error: float

    @property
    def better(self) -> bool:
        return self.mean > 2 * self.error

    @property
    def worse(self) -> bool:
        return self.mean < -2 * self.error


@dataclass(frozen=True)
class Tally:
    better: int
    worse: int
    scenarios: int

    @property
    def neither(self) -> int:
        return self.scenarios - self.better - self.worse


def group(holds: Callable[[Scenario], bool]) -> tuple[Scenario, ...]:
    return tuple(scenario for scenario in SCENARIOS if holds(scenario))


def _free(raters: int) -> tuple[Scenario, ...]:
    return group(lambda s: s.raters == raters and not s.colludes and s.scores == "informative")


GROUPS: Mapping[str, tuple[Scenario, ...]] = {
    "5 raters, no collusion": _free(5),
    "8 raters, no collusion": _free(8),
    "11 raters, no collusion": _free(11),
    "collusion": group(lambda s: s.colludes and s.scores == "informative"),
    "8 raters, weak, null or misleading learnability": group(lambda s: s.scores != "informative"),
}
N8 = GROUPS["8 raters, no collusion"]
