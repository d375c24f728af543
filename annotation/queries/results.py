"""The newest agreement and consensus of a study, and whether ratings have come in since."""

from dataclasses import dataclass

from django.db.models import Min

from annotation.models import Agreement, Consensus, Rating, ResultRun, Study


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """The newest results of a study, if there are any, and what they do not hold yet."""

    run: ResultRun | None
    newer: int
    """Ratings that came in after those that the run took in."""

    @property
    def stale(self) -> bool:
        return self.newer > 0


def freshness(study: Study) -> Freshness:
    """Two statements."""
    run = ResultRun.objects.filter(study=study).order_by("-last_rating", "-pk").first()
    newer = Rating.objects.filter(study=study, pk__gt=run.last_rating if run else 0).count()
    return Freshness(run=run, newer=newer)


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
