"""The sampled latents with their consensus on one item, most contested first if wished."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import F, OuterRef, Subquery

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
    key = F(name).desc(nulls_last=True) if field.startswith("-") else F(name).asc(nulls_last=True)
    page = Paginator(sample.order_by(key, "position"), ROWS).get_page(number)
    latents = list(page.object_list)
    own = Consensus.objects.filter(run=results, item=item, latent__in=latents).defer("breakdown")
    by_latent = {row.latent_id: row for row in own}
    return ConsensusTable(
        page=page, rows=[ConsensusRow(sampled=latent, consensus=by_latent.get(latent.pk)) for latent in latents]
    )
