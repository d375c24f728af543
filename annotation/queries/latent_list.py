"""A run's latents as a table: the study's sample, or all of them, filtered and sorted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, QuerySet
from django.db.models.expressions import OrderBy

from annotation.enums import LatentFlag, LatentState
from annotation.models import Consensus, Latent, ResultRun, SampledLatent, Study
from annotation.queries.sight import Onlooker
from annotation.queries.withheld import withheld

AnyPage = Page[Any]
Pair = tuple[Latent, SampledLatent | None]

ROWS = 50
SORTS: Mapping[str, tuple[str, str]] = {
    "position": ("position", "index"),
    "index": ("latent__index", "index"),
    "density": ("latent__density", "density"),
    "documents": ("latent__documents", "documents"),
    "activation": ("latent__max_activation", "max_activation"),
}
"""What a table may be sorted by: the field in the sample, and the field among all latents."""


@dataclass(frozen=True, kw_only=True)
class LatentFilter:
    """Which latents are listed, in which order."""

    sampled: bool
    """Only those of the sample; otherwise all latents of the run."""
    state: LatentState | None = None
    density: tuple[float, float] | None = None
    """Denser than the first, at most as dense as the second (shares of tokens)."""
    flag: LatentFlag | None = None
    sort: str = "position"
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class LatentRow:
    latent: Latent
    sampled: SampledLatent | None
    state: LatentState | None
    """None where the latent is not in the sample, or its state would tell a rater what others said."""
    ratings: int
    concept: str
    """The consensus concept; empty where there is none, or where it stays hidden."""
    share: float | None
    """The concept's share of opinion (theta)."""
    hidden: bool
    """Whether blinding keeps state and concept back."""
    flags: tuple[LatentFlag, ...]
    """Dead, dense, single-token; empty where they stay hidden from one who may still rate."""


@dataclass(frozen=True, kw_only=True)
class LatentTable:
    page: AnyPage
    rows: list[LatentRow]


def latent_table(
    study: Study, wanted: LatentFilter, *, number: int | str, viewer: Onlooker, results: ResultRun | None, concept: str
) -> LatentTable:
    """One page of the table; at most five statements, however many latents. `concept` is the open item's key."""
    page, pairs = (_of_sample if wanted.sampled else _of_run)(study, wanted, number)
    return LatentTable(page=page, rows=latent_rows(study, pairs, viewer=viewer, results=results, concept=concept))


def latent_rows(
    study: Study, pairs: Iterable[Pair], *, viewer: Onlooker, results: ResultRun | None, concept: str
) -> list[LatentRow]:
    """What the viewer may see of these latents; two statements. `concept` is the open item's key."""
    listed = list(pairs)
    sampled_ones = [sampled for _, sampled in listed if sampled]
    ratings = _rating_counts(study, sampled_ones)
    winners = _winners(results, concept, [one for one in sampled_ones if viewer.sight(one).results])
    return [_row(*pair, ratings, winners, viewer) for pair in listed]


def _of_sample(study: Study, wanted: LatentFilter, number: int | str) -> tuple[AnyPage, list[Pair]]:
    order = _order(SORTS.get(wanted.sort, SORTS["position"])[0], wanted)
    page = Paginator(wanted_sample(study, wanted).order_by(order, "position"), ROWS).get_page(number)
    return page, [(sampled.latent, sampled) for sampled in page.object_list]


def wanted_sample(study: Study, wanted: LatentFilter) -> QuerySet[SampledLatent]:
    """The sampled latents that pass the filter, in no order."""
    sample = study.sample.select_related("latent").annotate(flags=F("latent__profile__flags"))
    if wanted.flag:
        sample = sample.filter(latent__profile__flags__contains=[wanted.flag.value])
    if wanted.density:
        sample = sample.filter(latent__density__gt=wanted.density[0], latent__density__lte=wanted.density[1])
    if wanted.state:
        sample = sample.filter(state=wanted.state)
    return sample


def _of_run(study: Study, wanted: LatentFilter, number: int | str) -> tuple[AnyPage, list[Pair]]:
    order = _order(SORTS.get(wanted.sort, SORTS["position"])[1], wanted)
    page = Paginator(wanted_latents(study, wanted).order_by(order, "index"), ROWS).get_page(number)
    return page, with_places(study, page.object_list)


def wanted_latents(study: Study, wanted: LatentFilter) -> QuerySet[Latent]:
    """The run's latents that pass the filter, in no order."""
    found = Latent.objects.filter(run=study.run_id).annotate(flags=F("profile__flags"))
    if wanted.flag:
        found = found.filter(profile__flags__contains=[wanted.flag.value])
    if wanted.density:
        found = found.filter(density__gt=wanted.density[0], density__lte=wanted.density[1])
    return found


def with_places(study: Study, latents: Iterable[Latent]) -> list[Pair]:
    """Each latent with its place in the sample, if it has one. One statement."""
    listed = list(latents)
    drawn = {sampled.latent_id: sampled for sampled in study.sample.filter(latent__in=listed)}
    return [(latent, drawn.get(latent.pk)) for latent in listed]


def _order(field: str, wanted: LatentFilter) -> OrderBy:
    return F(field).desc() if wanted.descending else F(field).asc()


def _rating_counts(study: Study, sampled: Iterable[SampledLatent]) -> dict[int, int]:
    given = study.ratings.filter(latent__in=sampled, revision=1).filter(~withheld())
    counted = given.values_list("latent").annotate(Count("pk"))
    return dict(counted.order_by())


def _winners(results: ResultRun | None, concept: str, visible: list[SampledLatent]) -> dict[int, tuple[str, float]]:
    """Sampled latent to the concept with the largest share of opinion, and that share."""
    if results is None or not visible:
        return {}
    found = Consensus.objects.filter(run=results, item=concept, latent__in=visible)
    return {
        row["latent"]: max(zip(row["classes"], row["theta"], strict=True), key=lambda pair: pair[1])
        for row in found.values("latent", "classes", "theta")
        if row["classes"]
    }


def _row(
    latent: Latent,
    sampled: SampledLatent | None,
    ratings: dict[int, int],
    winners: dict[int, tuple[str, float]],
    viewer: Onlooker,
) -> LatentRow:
    seen = sampled is not None and viewer.sight(sampled).results
    concept, share = winners.get(sampled.pk, ("", None)) if sampled else ("", None)
    flags = vars(latent).get("flags") or (vars(sampled).get("flags") if sampled else None) or ()
    return LatentRow(
        latent=latent,
        sampled=sampled,
        state=LatentState(sampled.state) if sampled and seen else None,
        ratings=ratings.get(sampled.pk, 0) if sampled else 0,
        concept=str(concept),
        share=share,
        hidden=sampled is not None and not seen,
        flags=tuple(LatentFlag(flag) for flag in flags if flag in LatentFlag.values)
        if viewer.sees_hints(latent.pk)
        else (),
    )
