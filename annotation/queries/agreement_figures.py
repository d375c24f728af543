"""Everything that the newest run says about agreement on one item: scopes, pairs of raters, contested latents."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Min

from annotation.models import Agreement, Consensus, LatentAgreement, PairAgreement, ResultRun
from annotation.rules.scopes import read_scope, scope_order

MOST_RATERS = 20
"""In a matrix that can be read. Of more, the pairs that agree least and most are listed."""
LISTED = 10
LEVELS_IN_ORDER = ("nominal", "ordinal", "interval", "sets", "hierarchy")


@dataclass(frozen=True, kw_only=True)
class PairTable:
    """All pairs where the raters are few, else those that agree least and those that agree most."""

    raters: int
    pairs: tuple[PairAgreement, ...]
    total: int

    @property
    def whole(self) -> bool:
        return len(self.pairs) == self.total


@dataclass(frozen=True, kw_only=True)
class Contested:
    """A latent whose raters agree least, with its consensus on the item."""

    row: LatentAgreement
    consensus: Consensus | None


def agreement_items(run: ResultRun) -> list[str]:
    """Items that the run has agreement on, in the order in which they were stored."""
    found = Agreement.objects.filter(run=run).values("item").annotate(first=Min("pk")).order_by("first")
    return [row["item"] for row in found]


def by_scope(run: ResultRun, *, item: str, kinds: Sequence[str]) -> list[Agreement]:
    """The item's rows over scopes of these kinds, in the pages' order of scopes."""
    rows = Agreement.objects.filter(run=run, item=item)
    found = [row for row in rows if read_scope(row.scope).kind in kinds]
    return sorted(found, key=lambda row: (scope_order(row.scope), in_order(row)))


def in_order(row: Agreement) -> tuple[int, int, str]:
    """Alpha first, the plain level before the hierarchy's, raw agreement last."""
    names = ("alpha", "ac1", "ac2", "raw")
    place = names.index(row.coefficient) if row.coefficient in names else len(names)
    level = LEVELS_IN_ORDER.index(row.level) if row.level in LEVELS_IN_ORDER else len(LEVELS_IN_ORDER)
    return (place, level, row.coefficient)


def pair_table(run: ResultRun, *, item: str) -> PairTable:
    """Up to three statements, however many raters."""
    rows = PairAgreement.objects.filter(run=run, item=item)
    counted = rows.aggregate(total=Count("pk"), first=Count("first", distinct=True))
    total, raters = counted["total"], counted["first"] + 1 if counted["total"] else 0
    if raters <= MOST_RATERS:
        return PairTable(raters=raters, pairs=tuple(rows.order_by("first", "second")), total=total)
    defined = rows.exclude(kappa=None).order_by("kappa", "first", "second")
    ends = {row.pk: row for row in [*defined[:LISTED], *reversed(defined.reverse()[:LISTED])]}
    return PairTable(raters=raters, pairs=tuple(ends.values()), total=total)


def contested(run: ResultRun, *, item: str) -> list[Contested]:
    """The latents whose raters agree least beyond chance, the least first. Two statements."""
    rows = list(
        LatentAgreement.objects.filter(run=run, item=item, beyond_chance__isnull=False, raw__lt=1)
        .select_related("latent__latent")
        .order_by("beyond_chance", F("ratings").desc(), "latent__position")[:LISTED]
    )
    found = {
        row.latent_id: row for row in Consensus.objects.filter(run=run, item=item, latent__in=[r.latent for r in rows])
    }
    return [Contested(row=row, consensus=found.get(row.latent_id)) for row in rows]
