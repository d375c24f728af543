"""What every judge of rationales is worth: people and programs, on the same held-out snippets."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count
from django.db.models.functions import Round

from annotation.enums import ScoreTask
from annotation.models import IntruderScore, RationaleScore, ScorerStanding, Study
from annotation.queries.learnability_scores import READER
from annotation.queries.results import newest_run
from annotation.queries.scorers_in_use import current, scorers_in_use
from annotation.queries.trial_tallies import ALL, ARMS, DECILES, Part, Tallied, fuzzing_tallies, trial_tallies
from annotation.queries.withheld import withheld
from annotation.science.auroc import Auroc, mean_auroc
from annotation.science.intruder import Found, intruders_found
from annotation.science.trial_scores import TrialScore, balanced_accuracy_of
from annotation.science.types import Undefined

PARTS: tuple[Part, ...] = (ALL, *ARMS, *DECILES)


@dataclass(frozen=True, kw_only=True)
class JudgeFigures:
    """One judge: READER for people, else a scorer."""

    judge: str
    trials: int
    """Rationales judged, each time that somebody judged one."""
    parts: Mapping[Part, TrialScore | Undefined]
    """Detection: balanced accuracy in all, by arm, by decile."""
    fuzzing: TrialScore | Undefined
    auroc: Auroc | Undefined
    intruder: Found | Undefined
    standing: ScorerStanding | None
    """What the newest results made of it: whether it tells right labels from wrong ones."""

    @property
    def all(self) -> TrialScore | Undefined:
        return self.parts[ALL]


def judge_figures(study: Study) -> tuple[JudgeFigures, ...]:
    """People first; programs that the study uses, in their current versions. About ten statements."""
    tallied = trial_tallies(study)
    fuzzed = fuzzing_tallies(study)
    standings = _standings(study)
    names = dict.fromkeys((READER, *sorted(study.scorers), *tallied.judges))
    return tuple(_figures(study, judge, tallied, fuzzed, standings.get(judge)) for judge in names)


def _figures(
    study: Study, judge: str, tallied: Tallied, fuzzed: Tallied, standing: ScorerStanding | None
) -> JudgeFigures:
    seed = study.seed
    return JudgeFigures(
        judge=judge,
        trials=sum(tally.times for tally in tallied.of(judge)),
        parts={part: balanced_accuracy_of(tallied.of(judge, part), over="trials", seed=seed) for part in PARTS},
        fuzzing=balanced_accuracy_of(fuzzed.of(judge), over="trials", seed=seed),
        auroc=mean_auroc(_areas(study, judge), seed=seed),
        intruder=intruders_found(_found(study, judge), seed=seed),
        standing=standing,
    )


def _standings(study: Study) -> dict[str, ScorerStanding]:
    run = newest_run(study)
    return {row.scorer: row for row in ScorerStanding.objects.filter(run=run).order_by("pk")} if run else {}


def _of_judge(study: Study, judge: str) -> Mapping[str, str]:
    return {scorer: version for scorer, version in scorers_in_use(study).items() if scorer == judge}


def _areas(study: Study, judge: str) -> dict[float, int]:
    judged = current(_of_judge(study, judge))
    rows = RationaleScore.objects.filter(judged, study=study, task=ScoreTask.DETECTION, auroc__isnull=False)
    rows = rows.filter(~withheld("rating__rater")).annotate(area=Round("auroc", precision=3))
    return dict(rows.values("area").annotate(trials=Count("pk")).order_by("area").values_list("area", "trials"))


def _found(study: Study, judge: str) -> list[tuple[int, int]]:
    rows = IntruderScore.objects.filter(current(_of_judge(study, judge)), study=study, value__isnull=False)
    judged = rows.order_by("pk").values_list("judgements", flat=True)
    return [(sum(row["said"] == row["odd"] for row in sets), len(sets)) for sets in judged]
