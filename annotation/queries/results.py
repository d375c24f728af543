"""The newest agreement and consensus of a study, and whether ratings have come in since."""

from dataclasses import dataclass

from django.db.models import Min

from annotation.models import Agreement, Consensus, Membership, Rating, Reading, ResultRun, Study
from annotation.queries.learnability_scores import scores_taken
from annotation.queries.withheld import withheld

RUBRIC = "rubric_version_id"
"""Under this name a run's parameters hold the rubric version whose items it was computed on."""
READINGS, CALIBRATION = "readings", "calibration_ratings"
"""... and how many blinded readings, and first ratings of calibration latents, it took in."""
SCORES = "scores_taken"
"""... and what scores of rationales it rests on (queries.learnability_scores)."""
REFERENCES = "newest_reference"
"""... and the latest of the panel's references (its id) that these were compared with; a correction is a later one."""


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """The newest results of a study, if there are any, and what they do not hold yet."""

    run: ResultRun | None
    newer: int
    """Ratings that came in after those that the run took in."""
    withdrawn: int = 0
    """Raters whose ratings left the study after the run."""
    other_rubric: bool = False
    """Another rubric version has been adopted since."""
    readings: int = 0
    """Blinded readings that came in after the run."""
    scores: bool = False
    """Programs have scored rationales since, or the study has chosen other ones."""

    @property
    def stale(self) -> bool:
        return self.newer > 0 or self.withdrawn > 0 or self.other_rubric or self.readings > 0 or self.scores


def newest_run(study: Study) -> ResultRun | None:
    """They are computed one at a time: the last one stored holds the most, also where ratings have left since."""
    return ResultRun.objects.filter(study=study).order_by("-pk").first()


def freshness(study: Study) -> Freshness:
    """Up to eight statements. Before anything was computed, calibration alone gives nothing to compute from."""
    run = newest_run(study)
    newer = Rating.objects.filter(study=study, pk__gt=run.last_rating if run else 0)
    if run is None:
        newer = newer.filter(latent__calibration_set=None)
    given = Reading.objects.filter(study=study).filter(~withheld("reader")).count()
    readings = max(0, given - run.parameters.get(READINGS, 0)) if run else 0
    gone = Membership.objects.filter(study=study, ratings_withheld=True)
    if run is not None:
        gone = gone.filter(withdrawn_at__gt=run.computed_at)
    other = run is not None and run.parameters.get(RUBRIC, study.rubric_id) != study.rubric_id
    known = run.parameters.get(SCORES) if run else None
    return Freshness(
        run=run,
        newer=newer.count(),
        withdrawn=gone.count(),
        other_rubric=other,
        readings=readings,
        scores=known is not None and known != scores_taken(study).as_json(),
    )


def agreements(run: ResultRun, *, scope: str = "all") -> list[Agreement]:
    """One row per item and coefficient of the scope, in the order in which they were stored."""
    return list(Agreement.objects.filter(run=run, scope=scope).order_by("pk"))


def scopes(run: ResultRun) -> list[str]:
    """Scopes that the run has figures for, `all` first."""
    found = Agreement.objects.filter(run=run).order_by("scope").values_list("scope", flat=True).distinct()
    return sorted(found, key=lambda scope: (scope != "all", scope))


def consensus_items(run: ResultRun) -> list[str]:
    """Items that the run has a consensus on, in the order in which they were stored."""
    found = Consensus.objects.filter(run=run).values("item").annotate(first=Min("pk")).order_by("first")
    return [row["item"] for row in found]
