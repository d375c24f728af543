"""Judges of rationales, their standing and their figures, in the words of the Learnability page."""

from dataclasses import dataclass

from annotation.enums import Arm, Scorer
from annotation.queries.judge_figures import JudgeFigures
from annotation.queries.learnability_scores import READER
from annotation.queries.scoring_progress import ScoringProgress
from annotation.queries.trial_tallies import ALL, ARMS, DECILES, Part
from annotation.science.auroc import Auroc
from annotation.science.intruder import Found
from annotation.science.trial_scores import TrialScore
from annotation.science.types import Interval, Undefined
from annotation.views.drawing.figures import decimal
from annotation.views.drawing.forest import Estimate

NAMES = {
    READER: "Colleagues",
    Scorer.EMBEDDING: "Closeness of meaning",
    Scorer.JUDGE: "Language model",
}
ABOUT = {
    READER: "People who never met the latent. Each gets a colleague’s concept and rationale with twenty unseen snippets.",
    Scorer.EMBEDDING: "A small sentence-embedding model on this installation: a snippet should fire if it lies close to "
    "the concept and rationale in meaning. No text leaves.",
    Scorer.JUDGE: "A language model that the institution runs reads concept and rationale and says which snippets "
    "should fire.",
}
ARM_WORDS = {
    Arm.RANDOM: "Silent, drawn at random",
    Arm.HARD: "Silent, looks alike",
    Arm.MENTION: "Silent, negated or of a relative",
}


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
    progress: ScoringProgress | None
    """Of a program; people's is on the study's page."""
    in_use: bool

    @property
    def trials(self) -> int:
        return self.figures.trials


def panel(figures: JudgeFigures, progress: ScoringProgress | None) -> JudgePanel:
    return JudgePanel(
        judge=figures.judge,
        name=name_of(figures.judge),
        about=ABOUT.get(figures.judge, ""),
        standing=standing(figures),
        figures=figures,
        parts=parts(figures),
        progress=progress,
        in_use=figures.judge == READER or progress is not None,
    )


def name_of(judge: str) -> str:
    return NAMES.get(judge, judge.capitalize())


def standing(figures: JudgeFigures) -> Standing:
    """What the newest consensus made of the judge, with the numbers behind it."""
    row = figures.standing
    if row is None:
        why = "it has judged nothing yet" if not figures.trials else "no consensus has been computed with its scores yet"
        return Standing(state="unknown", word="Not calibrated yet", sentence=f"Nothing to say: {why}.")
    compared = (
        f"right labels score {decimal(row.mean_right)} on average and wrong ones {decimal(row.mean_wrong)}: "
        f"n = {row.scores} scores, {row.calibration_scores} more of them on calibration latents"
    )
    if row.on:
        return Standing(state="on", word="On", sentence=f"It tells right labels from wrong ones: {compared}.")
    return Standing(
        state="off",
        word="Switched itself off",
        sentence=f"Right labels do not score higher than wrong ones, so its scores weigh nothing: {compared}.",
    )


def parts(figures: JudgeFigures) -> tuple[Estimate, ...]:
    """Detection as a forest: all, then each arm beside all that fire, each decile beside all that do not."""
    return tuple(_part(part, figures.parts[part]) for part in (ALL, *ARMS, *DECILES))


def _part(part: Part, score: TrialScore | Undefined) -> Estimate:
    if part == ALL:
        return estimate("All snippets", score, group="In all")
    if isinstance(part, int):
        end = " (weakest)" if part == DECILES[0] else " (strongest)" if part == DECILES[-1] else ""
        return estimate(f"Decile {part + 1}{end}", score, group="By how strongly the snippet fires", only_firing=True)
    return estimate(ARM_WORDS[Arm(part)], score, group="By why the snippet stays silent", only_firing=False)


def estimate(
    label: str, score: TrialScore | Undefined, *, group: str = "", only_firing: bool | None = None
) -> Estimate:
    """One row; n counts judgements, of an arm its silent ones, of a decile its firing ones."""
    if isinstance(score, Undefined):
        return Estimate(label=label, n=0, reason=score.reason, group=group)
    n = score.firing + score.silent if only_firing is None else score.firing if only_firing else score.silent
    return Estimate(label=label, n=n, value=score.value, group=group, **_bounds(score.interval))


def side_by_side(panels: tuple[JudgePanel, ...]) -> tuple[Estimate, ...]:
    """People beside machines: detection, then what only some of them do."""
    rows: list[Estimate] = []
    for one in panels:
        rows.append(estimate(one.name, one.figures.all, group="Which snippets should fire?"))
    for one in panels:
        if not isinstance(one.figures.fuzzing, Undefined):
            rows.append(estimate(one.name, one.figures.fuzzing, group="Are the right words marked?"))
    for one in panels:
        if isinstance(one.figures.auroc, Auroc):
            area = one.figures.auroc
            rows.append(
                Estimate(
                    label=one.name,
                    n=area.trials,
                    unit="trials",
                    value=area.value,
                    group="Does it rank firing snippets higher? (area under the ROC curve)",
                    **_bounds(area.interval),
                )
            )
    for one in panels:
        if isinstance(one.figures.intruder, Found):
            found = one.figures.intruder
            rows.append(
                Estimate(
                    label=one.name,
                    n=found.sets,
                    unit="sets",
                    value=found.value,
                    group=f"Which snippet does not belong? (no label given; guessing finds {decimal(found.chance)})",
                    **_bounds(found.interval),
                )
            )
    return tuple(rows)


def _bounds(interval: Interval | Undefined) -> dict[str, "float | str | None"]:
    if isinstance(interval, Undefined):
        return {"reason": interval.reason}
    return {"low": interval.low, "high": interval.high}
