"""The panel's reference for calibration latents: the mean of what its members gave, item by item."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from annotation.models import Reference
from annotation.rules.calibration import panel_mean


@dataclass(frozen=True, kw_only=True)
class PanelReference:
    """What the panel says to one question about one latent."""

    distribution: dict[str, float]
    """Answer to share, adding to 1, the most shared first."""
    rationales: tuple[str, ...]
    clauses: tuple[str, ...]
    panel: int
    """People whose mean it is."""
    newest: int
    """The latest row (its id) that went in: a correction is a later one."""


Key = tuple[int, str]
"""(sampled latent, key of rules.referenced_items)."""


def panel_references(latents: Iterable[int]) -> dict[Key, PanelReference]:
    """Of these sampled latents, by id. One statement; nobody's name is in it."""
    rows: dict[Key, list[Reference]] = defaultdict(list)
    for row in in_force(Reference.objects.filter(latent__in=list(latents))).order_by("latent", "item", "pk"):
        rows[row.latent_id, row.item].append(row)
    return {key: _mean(given) for key, given in rows.items()}


def in_force(references: QuerySet[Reference]) -> QuerySet[Reference]:
    """Without those that their author corrected."""
    later = Reference.objects.filter(
        latent=OuterRef("latent"), set_by=OuterRef("set_by"), revision__gt=OuterRef("revision")
    )
    return references.filter(~Exists(later))


def _mean(given: list[Reference]) -> PanelReference:
    return PanelReference(
        distribution=panel_mean([row.distribution for row in given]),
        rationales=_said(row.rationale for row in given),
        clauses=_said(row.clause for row in given),
        panel=len(given),
        newest=max(row.pk for row in given),
    )


def _said(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, in order."""
    return tuple(dict.fromkeys(text for text in texts if text))
