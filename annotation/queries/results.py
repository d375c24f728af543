"""The newest agreement and consensus of a study, and whether ratings have come in since."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from annotation.models import Agreement, RaterReliability, Rating, Reading, ResultRun, RubricItem, Study
from annotation.queries.watermarks import all_watermarks, watermarks
from annotation.queries.withheld import withheld
from annotation.rules.scopes import scope_order

RUBRIC = "rubric_version_id"
"""Under this name a run's parameters hold the rubric version whose items it was computed on."""
READINGS, CALIBRATION = "readings", "calibration_ratings"
"""... and how many blinded readings, and first ratings of calibration latents, it took in."""
SCORES = "scores_taken"
"""... and what scores of rationales it rests on (queries.learnability_scores)."""
COEFFICIENTS = ("alpha", "ac1", "ac2", "raw")
"""In the order in which pages list them."""
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
    changed: frozenset[str] = frozenset()
    """Names of queries.watermarks that stand elsewhere since: `reference`, `fact` (of concepts), `score`, ..."""

    @property
    def stale(self) -> bool:
        return self.newer > 0 or bool(self.changed)


def newest_run(study: Study) -> ResultRun | None:
    """The last complete one: they are computed one after another, and it holds the most."""
    return ResultRun.objects.filter(study=study).order_by("-pk").first()


def freshness(study: Study) -> Freshness:
    """Up to eight statements. Before anything was computed, calibration alone gives nothing to compute from."""
    run = newest_run(study)
    newer = Rating.objects.filter(study=study, pk__gt=run.last_rating if run else 0)
    if run is None:
        return Freshness(run=None, newer=newer.filter(latent__calibration_set=None).count())
    seen, now = run.seen, watermarks(study)
    changed = frozenset(name for name, mark in now.items() if seen.get(name) != mark)
    since = Reading.objects.filter(~withheld("reader"), study=study, pk__gt=seen.get("reading", 0))
    return Freshness(
        run=run,
        newer=newer.count() if "rating" in changed else 0,
        withdrawn=max(0, now["withheld"] - seen.get("withheld", 0)),
        other_rubric="rubric" in changed,
        readings=since.count() if "reading" in changed else 0,
        changed=changed,
    )


def stale_studies() -> list[int]:
    """Those whose newest results do not hold all that has come in, by id. Three statements for all of them."""
    newest = ResultRun.objects.order_by("study", "-pk").distinct("study").values_list("study", "seen")
    seen: dict[int, dict[str, int]] = dict(newest)
    marks = all_watermarks()
    computed = [study for study, then in seen.items() if then != marks[study]]
    # Calibration alone gives nothing to compute from.
    counted = Rating.objects.filter(study=OuterRef("pk"), latent__calibration_set=None)
    first = Study.objects.filter(Exists(counted)).exclude(pk__in=seen).values_list("pk", flat=True)
    return sorted([*computed, *first])


def agreements(run: ResultRun, *, scope: str = "all") -> list[Agreement]:
    """One row per item and coefficient of the scope, in the rubric's order, alpha first."""
    place = _places(run)
    rows = Agreement.objects.filter(run=run, scope=scope).order_by("pk")
    return sorted(rows, key=lambda row: (*place(row.item), COEFFICIENTS.index(row.coefficient)))


def scopes(run: ResultRun) -> list[str]:
    """Scopes that the run has figures for, `all` first."""
    found = Agreement.objects.filter(run=run).order_by("scope").values_list("scope", flat=True).distinct()
    return sorted(found, key=scope_order)


def consensus_items(run: ResultRun) -> list[str]:
    """Items that the run has a consensus on, in the rubric's order: found by raters, fewer than latents."""
    found = RaterReliability.objects.filter(run=run).order_by("item").values_list("item", flat=True).distinct()
    return sorted(found, key=_places(run))


def _places(run: ResultRun) -> Callable[[str], tuple[int, int]]:
    """Where an item or a flag of it stands in the rubric that the run was computed on; whatever is in none, last.

    Workers share the steps of a run, so that the order in which rows were stored says nothing.
    """
    items = RubricItem.objects.filter(version=run.parameters.get(RUBRIC, 0)).order_by("position")
    keys: dict[str, tuple[int, int]] = {}
    for position, (key, options) in enumerate(items.values_list("key", "options")):
        keys[key] = (position, 0)
        keys |= {f"{key}-{option['value']}": (position, place) for place, option in enumerate(options, start=1)}
    return lambda item: keys.get(item, (len(keys), 0))
