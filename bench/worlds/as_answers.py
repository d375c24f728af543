"""A world's answers as the statistics take them."""

import numpy as np
import numpy.typing as npt

from annotation.science.types import Answer, CalibrationAnswer, Item, LearnabilityScore, closed_item
from bench.worlds.raters import CLASSES
from bench.worlds.world import World

Asked = npt.NDArray[np.bool_]
ITEM: Item = closed_item(tuple(f"class {c}" for c in range(CLASSES)))


def answers_of(world: World, asked: Asked, *, repeats: bool = True) -> tuple[Answer, ...]:
    """`asked` (R, N): first readings; second ones where the world has them and `repeats`."""
    second = asked & world.read_twice if repeats else np.zeros_like(asked)
    return tuple(
        Answer(
            latent=f"{latent:02d}",
            rater=f"rater {rater:02d}",
            value=ITEM.classes[int(world.answers[reading, rater, latent])],
            institution=f"site {world.raters.institution[rater]}",
            reading=reading + 1,
            scores=(LearnabilityScore("reader", float(world.scores[reading, rater, latent])),),
        )
        for reading, given in enumerate((asked, second))
        for rater, latent in np.argwhere(given).tolist()
    )


def calibration_of(world: World, asked: Asked) -> tuple[CalibrationAnswer, ...]:
    """Of every rater who has been asked for anything."""
    return tuple(
        CalibrationAnswer(
            rater=f"rater {rater:02d}",
            latent=f"known {item}",
            reference_share=float(world.known_answers[rater, item] == truth),
            n_classes=CLASSES,
            scores=(LearnabilityScore("reader", float(world.known_scores[rater, item])),),
        )
        for rater in np.flatnonzero(asked.any(axis=1)).tolist()
        for item, truth in enumerate(world.known_truth.tolist())
    )
