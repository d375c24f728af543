"""One world, every method: plain figures that can be kept and averaged."""

import numpy as np
import numpy.typing as npt

from annotation.science.ambiguity import Outcome, Thresholds
from annotation.science.clc_result import ClcResult
from annotation.science.types import Item, open_item
from bench.worlds.as_answers import ITEM, Asked
from bench.worlds.estimators import CLOSED, METHODS, OPEN, consensus_of, in_order, judged
from bench.worlds.rounds import whole_rule
from bench.worlds.scenarios import Scenario
from bench.worlds.scoring import score
from bench.worlds.taken import OPEN_ROUNDS, ROUNDS
from bench.worlds.world import World, draw_world

ROUND_FIGURES = (
    "clear_accepted",
    "ambiguous_accepted",
    "plausible",
    "adjudicated",
    "clear_adjudicated",
    "ambiguous_adjudicated",
    "recruiting",
    "ratings",
)
Figures = dict[str, float]
Replicate = tuple[dict[str, Figures], dict[str, Figures]]
"""Of each method after one round; of the whole rule with its extra rounds, by ROUNDS and OPEN_ROUNDS."""


def replicate(scenario: Scenario, seed: int) -> Replicate:
    world = draw_world(scenario, seed)
    methods = {name: score(world, made(world, world.asked)) for name, made in METHODS.items()}
    return methods, {
        ROUNDS: rounds_of(world, ITEM, CLOSED),
        OPEN_ROUNDS: rounds_of(world, open_item(), OPEN),
    }


def rounds_of(world: World, item: Item, thresholds: Thresholds) -> Figures:
    """By name of ROUND_FIGURES: shares of latents, of clear and of ambiguous ones; ratings a latent."""
    fitted: dict[bytes, ClcResult] = {}

    def outcomes(asked: Asked, used: npt.NDArray[np.int64]) -> list[Outcome]:
        key = asked.tobytes()
        if key not in fitted:
            fitted[key] = consensus_of(world, asked, item=item)
        return judged(world, asked, fitted[key], thresholds, used)

    asked, last = whole_rule(world, outcomes, raters_a_round=thresholds.raters_per_extra_round)
    outcome, clear = np.array(last), ~world.ambiguous
    accepted, persistent = outcome == "accepted", outcome == "persistent"
    q = in_order(fitted[asked.tobytes()], "q")
    plausible = world.plausible[np.arange(len(q)), q.argmax(axis=1)]
    return {
        "clear_accepted": float(accepted[clear].mean()),
        "ambiguous_accepted": float(accepted[~clear].mean()),
        "plausible": float(plausible[accepted].mean()) if accepted.any() else float("nan"),
        "adjudicated": float(persistent.mean()),
        "clear_adjudicated": float(persistent[clear].mean()),
        "ambiguous_adjudicated": float(persistent[~clear].mean()),
        "recruiting": float((outcome == "recruiting").mean()),
        "ratings": float(asked.sum() / asked.shape[1]),
    }
