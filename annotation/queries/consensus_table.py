"""The sampled latents with their consensus on one item, most contested first if wished."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import F, OuterRef, QuerySet, Subquery

from annotation.enums import LatentState
from annotation.models import Consensus, ResultRun, SampledLatent, Study
from annotation.queries.consensus_filters import Look, worth_a_look

ROWS = 50
SORTS: Mapping[str, str] = {
    "position": "position",
    "contested": "-entropy",
    "unstable": "-flip_rate",
    "fewest": "n_eff",
}
"""What the table may be sorted by: the field, with a minus for the largest first."""


@dataclass(frozen=True, kw_only=True)
class ConsensusRow:
    sampled: SampledLatent
    consensus: Consensus | None
    """None while nobody has answered the item for this latent."""


@dataclass(frozen=True, kw_only=True)
class ConsensusTable:
    page: Page  # type: ignore[type-arg]
    rows: list[ConsensusRow]


def consensus_table(
    study: Study,
    results: ResultRun,
    *,
    item: str,
    state: LatentState | None,
    sort: str,
    number: int | str,
    look: Look | None = None,
) -> ConsensusTable:
    """One page; three statements, however many latents."""
    sample, field = wanted_sample(study, results, item=item, state=state, sort=sort, look=look)
    name = field.lstrip("-")
    key = F(name).desc(nulls_last=True) if field.startswith("-") else F(name).asc(nulls_last=True)
    page = Paginator(sample.order_by(key, "position"), ROWS).get_page(number)
    return ConsensusTable(page=page, rows=with_consensus(page.object_list, results, item=item))


def wanted_sample(
    study: Study, results: ResultRun, *, item: str, state: LatentState | None, sort: str, look: Look | None
) -> tuple[QuerySet[SampledLatent], str]:
    """The sampled latents that pass, in no order, and the field to order them by, with a minus for the largest first.

    Rows lack the field where nobody has answered the item for the latent.
    """
    sample = study.sample.select_related("latent")
    if state is not None:
        sample = sample.filter(state=state)
    if look is not None:
        found = worth_a_look(results, item=item, look=look, theta=study.accept_theta)
        sample = sample.filter(pk__in=found.values("latent"))
    field = SORTS.get(sort, "position")
    name = field.lstrip("-")
    if name != "position":
        own = Consensus.objects.filter(run=results, item=item, latent=OuterRef("pk"))
        sample = sample.annotate(**{name: Subquery(own.values(name)[:1])})
    return sample, field


def with_consensus(sampled: Iterable[SampledLatent], results: ResultRun, *, item: str) -> list[ConsensusRow]:
    """Each latent with its consensus on the item. One statement."""
    latents = list(sampled)
    own = Consensus.objects.filter(run=results, item=item, latent__in=latents).defer("breakdown")
    by_latent = {row.latent_id: row for row in own}
    return [ConsensusRow(sampled=latent, consensus=by_latent.get(latent.pk)) for latent in latents]
