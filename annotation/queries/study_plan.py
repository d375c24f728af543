"""A plan of a study's size, as the worker left it: kept for a month, under a digest of all that it rests on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.cache import cache

from annotation.enums import Role
from annotation.models import ResultRun, Study
from annotation.rules.membership import active
from annotation.science.digest import digest
from annotation.science.planning import VERSION

RATERS = (2, 3, 4, 5, 6, 8, 11, 15)
LATENTS = (25, 50, 100, 200, 400)
"""Sizes that are tried; no more raters a latent than the study will have."""
KEPT_SECONDS = 30 * 24 * 3600
MOST_PEOPLE = 200


@dataclass(frozen=True, kw_only=True)
class Size:
    """One size of a study and the interval that it would give."""

    raters: int
    latents: int
    width: float | None
    error: float = 0.0
    """Standard error of the width over the drawn studies."""
    low: float | None = None
    high: float | None = None
    """Four of five studies of this size end between these widths."""
    reason: str = ""

    @property
    def ratings(self) -> int:
        return self.raters * self.latents

    def reaches(self, wanted: float) -> bool:
        return self.width is not None and self.width + 2 * self.error <= wanted


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What a pilot's ratings say of larger studies; or why they say nothing."""

    reason: str = ""
    alpha: float | None = None
    low: float | None = None
    high: float | None = None
    latents: int = 0
    raters: int = 0
    """In the pilot."""
    simulations: int = 0
    sizes: tuple[Size, ...] = ()

    def cheapest(self, wanted: float) -> Size | None:
        """Fewest ratings that reach the width; of equals, fewer raters a latent."""
        reaching = [size for size in self.sizes if size.reaches(wanted)]
        return min(reaching, key=lambda size: (size.ratings, size.raters), default=None)

    def nearest(self) -> Size | None:
        """The narrowest interval of all sizes that were tried."""
        found = [size for size in self.sizes if size.width is not None]
        return min(found, key=lambda size: size.width or 0.0, default=None)


def plan_digest(run: ResultRun, *, item: str, pool: int) -> str:
    """Of all that a plan rests on. The wished width is not among them: it chooses among the sizes."""
    return digest((), version=VERSION, inputs=run.input_digest, item=item, pool=pool, raters=RATERS, latents=LATENTS)


def stored_plan(key: str) -> StudyPlan | None:
    """None where nobody has asked for it, where it is under way, or where it was forgotten."""
    found: dict[str, Any] | None = cache.get(_name(key))
    if found is None:
        return None
    return StudyPlan(**{**found, "sizes": tuple(Size(**size) for size in found["sizes"])})


def keep_plan(key: str, plan: StudyPlan) -> None:
    cache.set(_name(key), asdict(plan), timeout=KEPT_SECONDS)


def usual_pool(study: Study, run: ResultRun) -> int:
    """As many people as the study has now, and no fewer than have rated."""
    return max(2, run.raters, active(study).filter(role=Role.ANNOTATOR).count())


def raters_up_to(pool: int) -> Sequence[int]:
    return tuple(each for each in RATERS if each <= pool)


def _name(key: str) -> str:
    return f"plan:{key}"
