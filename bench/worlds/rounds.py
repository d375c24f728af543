"""Extra rounds as the study has them: what is not accepted gets more raters, from another institution first."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from annotation.science.ambiguity import Outcome
from bench.worlds.as_answers import Asked
from bench.worlds.world import World

Judge = Callable[[Asked, npt.NDArray[np.int64]], list[Outcome]]
"""From who was asked (R, N) and the extra rounds used (N,) to each latent's outcome."""


def whole_rule(world: World, judge: Judge, *, raters_a_round: int) -> tuple[Asked, list[Outcome]]:
    """Who was asked in the end, and each latent's last outcome.

    A latent for which nobody is left keeps what it was judged as with all its rounds used.
    """
    asked = world.asked.copy()
    used = np.zeros(asked.shape[1], dtype=np.int64)
    rng = np.random.default_rng([world.seed, 2])
    outcomes = judge(asked, used)
    while wanting := [latent for latent, outcome in enumerate(outcomes) if outcome == "needs_raters"]:
        for latent in wanting:
            for _ in range(raters_a_round):
                ask_another(world, asked, latent, rng)
            used[latent] += 1
        outcomes = judge(asked, used)
    return asked, outcomes


def ask_another(world: World, asked: Asked, latent: int, rng: np.random.Generator) -> None:
    """One rater who has not answered, of the institution that has answered least; the least asked of those first."""
    free = np.flatnonzero(~asked[:, latent])
    if len(free) == 0:
        return
    site = world.raters.institution
    answered = np.bincount(site[asked[:, latent]], minlength=int(site.max()) + 1)
    rank = np.lexsort((rng.random(len(free)), asked[free].sum(axis=1), answered[site[free]]))
    asked[free[rank[0]], latent] = True
