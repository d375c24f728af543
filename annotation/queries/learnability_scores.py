"""How well each rationale let blinded readers foretell unseen snippets: the learnability that the statistics take."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Avg, Count

from annotation.models import Reading, Study
from annotation.queries.withheld import withheld

READER = "reader"
"""The scorer's name: people, in contrast to programs, which are calibrated each on their own."""


@dataclass(frozen=True, kw_only=True)
class Score:
    mean: float
    """Balanced accuracy, 0 to 1, over the readings."""
    readings: int


def learnability_scores(study: Study) -> Mapping[int, Score]:
    """By rating, of those that were read, calibration ratings among them. A revision has no score of the one before."""
    rows = (
        Reading.objects.filter(study=study)
        .filter(~withheld("reader"))
        .values("rating")
        .annotate(mean=Avg("balanced_accuracy"), readings=Count("pk"))
        .order_by("rating")
    )
    return {row["rating"]: Score(mean=row["mean"], readings=row["readings"]) for row in rows}
