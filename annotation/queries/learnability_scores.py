"""How well each rationale let blinded judges foretell unseen snippets: the learnability that the statistics take."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Avg, QuerySet

from annotation.enums import ScoreTask
from annotation.models import RationaleScore, Reading, Study
from annotation.queries.scorers_in_use import current, scorers_in_use
from annotation.queries.withheld import withheld
from annotation.science.types import LearnabilityScore

Scores = Mapping[int, tuple[LearnabilityScore, ...]]
"""By rating, one a scorer."""
READER = "reader"
"""The scorer's name: people, in contrast to programs, which are calibrated each on their own."""


SCORE_MARKS: Mapping[str, str] = {
    "score": """SELECT max(c.id) FROM annotation_rationalescore c
        WHERE c.study_id = s.id AND c.task = 'detection' AND c.value IS NOT NULL""",
    "answered": """SELECT sum(hashtext(b.digest || b.answered)) FROM annotation_scorebatch b
        WHERE b.study_id = s.id AND b.answered <> ''""",
    "scorers": "SELECT hashtext(s.scorers::text)",
}
"""By name, SQL of a number of annotation_study `s` that changes with the automatic scores that results rest on."""


@dataclass(frozen=True, kw_only=True)
class ScoresTaken:
    """What a computation took in: part of its digest, stored with it, and compared to say whether it is stale."""

    readings: int
    """Blinded readings by people."""
    automatic: int
    """Detection scores by the scorers in use, in their current versions."""
    scorers: tuple[str, ...]
    """Those scorers, each with its version."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"scorers": list(self.scorers)}


def learnability_scores(study: Study) -> Scores:
    """By rating, calibration ratings among them: the mean of its readers under READER, each program's score under its
    own name. A revision has no score of the one before. Rating by rating, scorers in order of their names.
    """
    return _scores(_readings(study), automatic_scores(study))


def learnability_scores_of(study: Study, ratings: Collection[int]) -> Scores:
    """The same of these ratings alone."""
    return _scores(_readings(study).filter(rating__in=ratings), automatic_scores(study).filter(rating__in=ratings))


def _scores(readings: QuerySet[Reading], automatic: QuerySet[RationaleScore]) -> Scores:
    found: dict[int, list[LearnabilityScore]] = defaultdict(list)
    for rating, mean in readings.values("rating").annotate(mean=Avg("balanced_accuracy")).values_list("rating", "mean"):
        found[rating].append(LearnabilityScore(scorer=READER, value=mean))
    for score in automatic.values("rating", "scorer", "value"):
        if score["value"] is not None:
            found[score["rating"]].append(LearnabilityScore(scorer=score["scorer"], value=score["value"]))
    return {rating: tuple(sorted(scores, key=lambda one: one.scorer)) for rating, scores in sorted(found.items())}


def scores_taken(study: Study) -> ScoresTaken:
    """What `learnability_scores` rests on at this moment. Two statements."""
    return ScoresTaken(
        readings=_readings(study).count(),
        automatic=automatic_scores(study).count(),
        scorers=tuple(f"{scorer} {version}" for scorer, version in sorted(scorers_in_use(study).items())),
    )


def automatic_scores(study: Study) -> QuerySet[RationaleScore]:
    """Detection scores by the study's scorers in their current versions, where there is a value."""
    scores = RationaleScore.objects.filter(study=study, task=ScoreTask.DETECTION, value__isnull=False)
    return scores.filter(current(scorers_in_use(study)))


def _readings(study: Study) -> QuerySet[Reading]:
    return Reading.objects.filter(study=study).filter(~withheld("reader"))
