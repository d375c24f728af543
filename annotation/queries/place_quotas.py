"""How the places of the open rounds are spread over institutions: laid out, rated, in hand, free, and out of reach."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from annotation.enums import Role, RoundState, SlotState
from annotation.models import Institution, Slot, Study
from annotation.queries.barred_raters import BARRED
from annotation.rules.membership import active
from annotation.rules.reassigning import FOR_ANYONE

OUT_OF_REACH = f"""
SELECT s.institution_id, count(*)
FROM annotation_slot s
JOIN annotation_round o ON o.id = s.round_id
JOIN annotation_sampledlatent l ON l.id = s.latent_id
WHERE o.study_id = %(study)s AND o.state = 'open' AND o.kind = ANY(%(kinds)s)
  AND s.state = 'open' AND s.reserved_for_id IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM annotation_membership m
    JOIN annotation_user u ON u.id = m.user_id AND u.is_active
    WHERE m.study_id = o.study_id AND m.role = 'annotator' AND m.withdrawn_at IS NULL
      AND (s.institution_id IS NULL OR m.institution_id = s.institution_id) AND NOT {BARRED})
GROUP BY s.institution_id
"""


@dataclass(frozen=True, kw_only=True)
class Quota:
    institution: int | None
    name: str
    """Empty for places that any institution's raters may take."""
    raters: int
    laid: int
    rated: int
    in_hand: int
    free: int
    out_of_reach: int
    """Of the free ones, those that none of its raters may take: all have rated, read or declined the latent."""


@dataclass(frozen=True, kw_only=True)
class Quotas:
    rows: tuple[Quota, ...]
    laid: int
    rated: int
    """Of the whole study, also where the rows are one institution's."""

    @property
    def free(self) -> int:
        return sum(row.free for row in self.rows)


def place_quotas(study: Study, *, institutions: Iterable[Institution] | None = None) -> Quotas:
    """Of open rounds; with `institutions`, their rows and the study's totals. Four statements."""
    raters: dict[int | None, int] = dict(
        active(study).filter(role=Role.ANNOTATOR).values_list("institution").annotate(Count("pk")).order_by()
    )
    counted: dict[int | None, Any] = {row["institution"]: row for row in _counted(study)}
    stuck = _out_of_reach(study)
    shown = list(institutions) if institutions is not None else _all(raters, counted)
    rows = [_row(one.pk, one.name, raters, counted, stuck) for one in shown]
    if None in counted and institutions is None:
        rows.append(_row(None, "", {None: sum(raters.values())}, counted, stuck))
    return Quotas(
        rows=tuple(rows),
        laid=sum(row["laid"] for row in counted.values()),
        rated=sum(row["rated"] for row in counted.values()),
    )


def _counted(study: Study) -> Iterable[Any]:
    return (
        Slot.objects.filter(round__study=study, round__state=RoundState.OPEN)
        .values("institution")
        .annotate(
            laid=Count("pk"),
            rated=Count("pk", filter=Q(state=SlotState.SUBMITTED)),
            in_hand=Count("pk", filter=Q(state=SlotState.LEASED) | Q(state=SlotState.OPEN, reserved_for__isnull=False)),
            free=Count("pk", filter=Q(state=SlotState.OPEN, reserved_for__isnull=True)),
        )
        .order_by()
    )


def _out_of_reach(study: Study) -> dict[int | None, int]:
    with connection.cursor() as cursor:
        cursor.execute(OUT_OF_REACH, {"study": study.pk, "kinds": [str(kind) for kind in FOR_ANYONE]})
        return dict(cursor.fetchall())


def _all(raters: dict[int | None, int], counted: dict[int | None, Any]) -> list[Institution]:
    wanted = {pk for pk in (*raters, *counted) if pk is not None}
    return list(Institution.objects.filter(pk__in=wanted).order_by("name"))


def _row(
    pk: int | None,
    name: str,
    raters: dict[int | None, int],
    counted: dict[int | None, Any],
    stuck: dict[int | None, int],
) -> Quota:
    row = counted.get(pk, {"laid": 0, "rated": 0, "in_hand": 0, "free": 0})
    return Quota(
        institution=pk,
        name=name,
        raters=raters.get(pk, 0),
        laid=row["laid"],
        rated=row["rated"],
        in_hand=row["in_hand"],
        free=row["free"],
        out_of_reach=stuck.get(pk, 0),
    )
