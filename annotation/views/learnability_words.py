"""Judges of rationales, their standing and their figures, in the words of the Learnability page."""

from collections.abc import Iterator
from dataclasses import dataclass

from annotation.enums import Arm, Scorer
from annotation.queries.judge_figures import PARTS, JudgeFigures
from annotation.queries.learnability_scores import READER
from annotation.queries.scoring_progress import ScoringProgress
from annotation.queries.trial_tallies import ALL, DECILES, Part
from annotation.science.auroc import Auroc
from annotation.science.intruder import Found
from annotation.science.trial_scores import TrialScore
from annotation.science.types import Interval, Undefined
from annotation.views.drawing.figures import decimal
from annotation.views.drawing.forest import Estimate

NAMES: dict[str, str] = {
    READER: "Colleagues",
    Scorer.EMBEDDING: Scorer.EMBEDDING.label,
    Scorer.JUDGE: Scorer.JUDGE.label,
}
ABOUT: dict[str, str] = {
    READER: "People who never met the latent. Each gets a colleague’s concept and rationale with unseen snippets.",
    Scorer.EMBEDDING: "A small sentence-embedding model on this installation: a snippet should fire if it lies close "
    "in meaning to the concept and its rationale. No text leaves.",
    Scorer.JUDGE: "A language model that the institution runs. It reads concept and rationale and says which snippets "
    "should fire.",
}
ARM_WORDS = {
    Arm.RANDOM: "Drawn at random",
    Arm.HARD: "Looks alike",
    Arm.MENTION: "Negated, or said of a relative",
}


BARELY = 0.25
"""Spreads between the means below which even a score two spreads away changes the odds by less than a factor of 1.7."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Whether the judge's scores weigh in the consensus."""

    state: str
    """on | off | unknown, as views.drawing.states knows them."""
    word: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class JudgePanel:
    judge: str
    name: str
    about: str
    standing: Standing
    figures: JudgeFigures
    parts: tuple[Estimate, ...]
    """In all, by arm, by decile."""
    in_use: bool

    @property
    def trials(self) -> int:
        return self.figures.trials

    @property
    def score(self) -> TrialScore | None:
        return None if isinstance(self.figures.all, Undefined) else self.figures.all

    @property
    def caption(self) -> str:
        return f"{self.name}, by arm and decile"

    @property
    def nothing(self) -> str:
        """Why there are no figures, and what to do."""
        if self.judge == READER:
            return "Nobody has read a rationale yet. Ask for readings on the study’s page."
        return "No answer yet: it begins by itself." if self.in_use else "It is not in use. The settings switch it on."


def panel(figures: JudgeFigures, progress: ScoringProgress | None) -> JudgePanel:
    """progress: of a program that the study uses."""
    return JudgePanel(
        judge=figures.judge,
        name=name_of(figures.judge),
        about=ABOUT.get(figures.judge, ""),
        standing=standing(figures),
        figures=figures,
        parts=tuple(_part(part, figures.parts[part]) for part in PARTS),
        in_use=figures.judge == READER or progress is not None,
    )


def name_of(judge: str) -> str:
    return NAMES.get(judge, judge.capitalize())


def standing(figures: JudgeFigures) -> Standing:
    """What the newest consensus made of the judge, with the numbers behind it."""
    row = figures.standing
    if row is None:
        why = "No consensus has been computed with its scores yet." if figures.trials else "It has judged nothing yet."
        return Standing(state="unknown", word="Not calibrated yet", sentence=why)
    compared = (
        f"right labels score {decimal(row.mean_right)} on average and wrong ones {decimal(row.mean_wrong)}: "
        f"n = {row.scores} scores, and {row.calibration_scores} on calibration latents"
    )
    if row.on:
        tells = row.mean_right - row.mean_wrong >= BARELY * row.spread
        said = "It tells right labels from wrong ones" if tells else "It barely tells right labels from wrong ones"
        weight = "" if tells else " Its scores weigh little."
        return Standing(state="on", word="On", sentence=f"{said}: {compared}.{weight}")
    return Standing(
        state="off",
        word="Switched itself off",
        sentence=f"Right labels do not score higher than wrong ones, so its scores weigh nothing: {compared}.",
    )


def _part(part: Part, score: TrialScore | Undefined) -> Estimate:
    """n counts judgements, of an arm its silent ones, of a decile its firing ones."""
    if part == ALL:
        return _estimate("All snippets", score, group="In all")
    if isinstance(part, int):
        end = ", the weakest" if part == DECILES[0] else ", the strongest" if part == DECILES[-1] else ""
        n = 0 if isinstance(score, Undefined) else score.firing
        return _estimate(f"Decile {part + 1}{end}", score, group="Firing snippets, by strength", n=n)
    n = 0 if isinstance(score, Undefined) else score.silent
    return _estimate(ARM_WORDS[Arm(part)], score, group="Silent snippets, by why they are shown", n=n)


def side_by_side(panels: tuple[JudgePanel, ...]) -> tuple[Estimate, ...]:
    """People beside machines: detection, then what only some of them do."""
    return (*_detection(panels), *_fuzzing(panels), *_areas(panels), *_intruders(panels))


def _detection(panels: tuple[JudgePanel, ...]) -> Iterator[Estimate]:
    for one in panels:
        yield _estimate(one.name, one.figures.all, group="Which snippets should fire?")


def _fuzzing(panels: tuple[JudgePanel, ...]) -> Iterator[Estimate]:
    for one in panels:
        if not isinstance(one.figures.fuzzing, Undefined):
            yield _estimate(one.name, one.figures.fuzzing, group="Are the right words marked?")


def _areas(panels: tuple[JudgePanel, ...]) -> Iterator[Estimate]:
    for one in panels:
        if isinstance(one.figures.auroc, Auroc):
            area, group = one.figures.auroc, "Are firing snippets ranked higher? (area under the ROC curve)"
            yield _row(one.name, area.value, area.interval, n=area.trials, unit="trials", group=group)


def _intruders(panels: tuple[JudgePanel, ...]) -> Iterator[Estimate]:
    for one in panels:
        if isinstance(one.figures.intruder, Found):
            found = one.figures.intruder
            group = f"Which snippet does not belong? (no concept is given; guessing finds {decimal(found.chance)})"
            yield _row(one.name, found.value, found.interval, n=found.sets, unit="sets", group=group)


def _estimate(label: str, score: TrialScore | Undefined, *, group: str, n: int | None = None) -> Estimate:
    if isinstance(score, Undefined):
        return Estimate(label=label, n=0, reason=score.reason, group=group)
    return _row(label, score.value, score.interval, n=score.firing + score.silent if n is None else n, group=group)


def _row(label: str, value: float, interval: Interval | Undefined, *, n: int, group: str, unit: str = "") -> Estimate:
    if isinstance(interval, Undefined):
        return Estimate(label=label, n=n, value=value, reason=interval.reason, group=group, unit=unit)
    return Estimate(label=label, n=n, value=value, low=interval.low, high=interval.high, group=group, unit=unit)
