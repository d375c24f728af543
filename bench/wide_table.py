"""A table as large as a study becomes: 10,000 latents, 8 of 12 raters each, 12 classes, agreement as among physicians.

Classes fall off as 1, 1/2, 1/3, ...; raters are right 4 to 7 times in 10, half of their errors go to the next class:
Krippendorff's alpha is about .3, between the .25 and .38 of Sylolypavan et al. 2023 (npj Digit Med 6:26).
"""

import numpy as np

from annotation.science.types import Answer, Item, closed_item

LATENTS, RATERS, RATERS_A_LATENT, CLASSES, INSTITUTIONS = 10_000, 12, 8, 12, 3
ITEM: Item = closed_item(tuple(f"class {c:02d}" for c in range(CLASSES)))


def wide_answers(seed: int) -> list[Answer]:
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, CLASSES + 1)
    truth = rng.choice(CLASSES, size=(LATENTS, 1), p=share / share.sum())
    raters = np.argsort(rng.random((LATENTS, RATERS)), axis=1)[:, :RATERS_A_LATENT]
    accuracy = np.linspace(0.4, 0.7, RATERS)[raters]
    luck = rng.random(raters.shape)
    anything = rng.integers(CLASSES, size=raters.shape)
    said = np.where(luck < accuracy, truth, np.where(luck < (1 + accuracy) / 2, (truth + 1) % CLASSES, anything))
    return [
        Answer(f"{i:05d}", f"rater {j:02d}", ITEM.classes[c], f"site {j % INSTITUTIONS}")
        for i in range(LATENTS)
        for j, c in zip(raters[i].tolist(), said[i].tolist(), strict=True)
    ]
