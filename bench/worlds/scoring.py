"""What one method made of one world, as figures."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotation.science.types import FloatArray
from bench.worlds.world import World

SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Made:
    """A method's answer: beliefs (N, K), opinion distribution (N, K), who is accepted (N,), and how sure it is (N,)."""

    belief: FloatArray
    opinion: FloatArray
    accepted: npt.NDArray[np.bool_]
    certainty: FloatArray
    """Larger: less likely to be ambiguous. What AUROC ranks by."""


FIGURES = (
    "accuracy",
    "brier",
    "tvd_ambiguous",
    "tvd_clear",
    "auroc",
    "accepted",
    "plausible",
    "clear_accepted",
    "ambiguous_accepted",
)


def score(world: World, made: Made) -> dict[str, float]:
    """By name of FIGURES; nan where a figure has no denominator (left out of means)."""
    clear, opinion = ~world.ambiguous, world.opinion
    leads = made.belief >= made.belief.max(axis=1, keepdims=True) - SAME
    right = (leads * world.plausible).sum(axis=1) / leads.sum(axis=1)
    """Of tied leaders, the share that is plausible."""
    distance = np.abs(made.opinion - opinion).sum(axis=1) / 2
    accepted = made.accepted
    return {
        "accuracy": float(right[clear].mean()),
        "brier": float(((made.belief - opinion) ** 2).sum(axis=1)[clear].mean()),
        "tvd_ambiguous": float(distance[~clear].mean()),
        "tvd_clear": float(distance[clear].mean()),
        "auroc": _auroc(made.certainty, clear),
        "accepted": float(accepted.mean()),
        "plausible": float(right[accepted].mean()) if accepted.any() else float("nan"),
        "clear_accepted": float(accepted[clear].mean()),
        "ambiguous_accepted": float(accepted[~clear].mean()),
    }


def _auroc(certainty: FloatArray, clear: npt.NDArray[np.bool_]) -> float:
    """Chance that a clear latent is more certain than an ambiguous one; a tie is half a chance."""
    above = certainty[clear][:, None] - certainty[~clear][None, :]
    return float(((above > SAME) + 0.5 * (np.abs(above) <= SAME)).mean())
