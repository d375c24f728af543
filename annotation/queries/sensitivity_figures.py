"""What the newest run says of leaving out any one rater, institution or round."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Min

from annotation.models import ResultRun, SampledLatent, Sensitivity

KINDS = ("rater", "institution", "round")
MOST_LATENTS = 100
"""Whose labels change: so many are listed, those that change most often first."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A label that was accepted, and is not without whoever is left out."""

    kind: str
    left_out: str
    before: str
    after: str | None


@dataclass(frozen=True, kw_only=True)
class ChangingLatent:
    sampled: SampledLatent
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True)
class SensitivityFigures:
    everybody: Sensitivity | None
    """The figures to compare with; None while they are being computed."""
    rows: tuple[Sensitivity, ...]
    """By kind, then by name."""
    latents: tuple[ChangingLatent, ...]
    changing: int
    """Latents whose label changes, listed or not."""
    complete: bool
    """Whether every step has been taken."""


def sensitivity_items(run: ResultRun) -> list[str]:
    found = Sensitivity.objects.filter(run=run).values("item").annotate(first=Min("pk")).order_by("first")
    return [row["item"] for row in found]


def sensitivity_figures(run: ResultRun, *, item: str) -> SensitivityFigures:
    """Three statements, however many latents change."""
    found = list(Sensitivity.objects.filter(run=run, item=item))
    left_out = sorted((row for row in found if row.kind in KINDS), key=_place)
    changes = _changes(left_out)
    most = sorted(changes, key=lambda latent: (-len(changes[latent]), latent))[:MOST_LATENTS]
    sampled = SampledLatent.objects.filter(pk__in=most).select_related("latent").in_bulk()
    return SensitivityFigures(
        everybody=next((row for row in found if row.kind == "nobody"), None),
        rows=tuple(left_out),
        latents=tuple(
            ChangingLatent(sampled=sampled[latent], changes=tuple(changes[latent]))
            for latent in most
            if latent in sampled
        ),
        changing=len(changes),
        complete=not run.steps.filter(kind="sensitivity", item=item, done_at=None).exists(),
    )


def _place(row: Sensitivity) -> tuple[int, int, str]:
    return (KINDS.index(row.kind), int(row.left_out) if row.left_out.isdecimal() else 0, row.left_out)


def _changes(rows: list[Sensitivity]) -> Mapping[int, list[Change]]:
    by_latent: dict[int, list[Change]] = {}
    for row in rows:
        for change in row.changed:
            by_latent.setdefault(change["latent"], []).append(
                Change(
                    kind=row.kind,
                    left_out=row.left_out,
                    before=str(change["before"]),
                    after=None if change["after"] is None else str(change["after"]),
                )
            )
    return by_latent
