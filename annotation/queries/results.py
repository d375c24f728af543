"""The newest agreement and consensus of a study, and whether ratings have come in since."""

from dataclasses import dataclass

from django.db.models import Min

from annotation.models import Agreement, Consensus, Membership, Rating, ResultRun, Study

RUBRIC = "rubric_version_id"
"""Under this name a run's parameters hold the rubric version whose items it was computed on."""


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

    @property
    def stale(self) -> bool:
        return self.newer > 0 or self.withdrawn > 0 or self.other_rubric


def newest_run(study: Study) -> ResultRun | None:
    """They are computed one at a time: the last one stored holds the most, also where ratings have left since."""
    return ResultRun.objects.filter(study=study).order_by("-pk").first()


def freshness(study: Study) -> Freshness:
    """Three statements."""
    run = newest_run(study)
    newer = Rating.objects.filter(study=study, pk__gt=run.last_rating if run else 0).count()
    gone = Membership.objects.filter(study=study, ratings_withheld=True)
    if run is not None:
        gone = gone.filter(withdrawn_at__gt=run.computed_at)
    other = run is not None and run.parameters.get(RUBRIC, study.rubric_id) != study.rubric_id
    return Freshness(run=run, newer=newer, withdrawn=gone.count(), other_rubric=other)


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
