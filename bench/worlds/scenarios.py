"""The thirty scenarios: three sizes by eight kinds of raters, and six more in which learnability says less or lies."""

from dataclasses import dataclass
from typing import Literal

Family = Literal["homog", "hetero", "fewgood", "spammers", "bias", "adversary", "collude", "collude_big"]
Scores = Literal["informative", "weak", "null", "misleading"]
FAMILIES: tuple[Family, ...] = (
    "homog",
    "hetero",
    "fewgood",
    "spammers",
    "bias",
    "adversary",
    "collude",
    "collude_big",
)
SIZES = ((5, 30), (8, 45), (11, 60))
"""(raters, latents that each of them answers in the first round)."""
FAMILIES_IN_WORDS: dict[Family, str] = {
    "homog": "every rater is right 7 times in 10",
    "hetero": "accuracies spread evenly from .35 to .9",
    "fewgood": "one rater in four is right 9 times in 10, the others 4 times",
    "spammers": "one rater in four answers at random, the others are right 7 times in 10",
    "bias": "right 8 times in 10, but each rater takes two of the six classes for their neighbours 5 times in 10",
    "adversary": "one rater answers with the class after the true one 8 times in 10, the others are right 7 times",
    "collude": "2 of 5, 2 of 8, 3 of 11 raters, of one institution, agree on one wrong class on 6 latents in 10",
    "collude_big": "2 of 5, 3 of 8, 4 of 11 such raters",
}
SCORE_MEANS: dict[Scores, tuple[float, float]] = {
    "informative": (0.80, 0.64),
    "weak": (0.74, 0.68),
    "null": (0.72, 0.72),
    "misleading": (0.64, 0.80),
}
"""Mean learnability of right and of wrong labels."""


@dataclass(frozen=True)
class Scenario:
    raters: int
    answered: int
    family: Family
    scores: Scores = "informative"

    @property
    def name(self) -> str:
        return f"n{self.raters}x{self.answered} {self.family} / {self.scores}"

    @property
    def colludes(self) -> bool:
        return self.family in ("collude", "collude_big")


SCENARIOS = (
    *(Scenario(raters, answered, family) for raters, answered in SIZES for family in FAMILIES),
    *(
        Scenario(8, 45, family, scores)
        for scores in ("weak", "null", "misleading")
        for family in ("hetero", "collude")
    ),
)  # fmt: skip
