"""How many latents could be handed to each rater of a study now, by round: the claim's conditions, counted.

    reach = latents with a free place for her institution, less those that are closed to her,
            plus the places that are hers alone, plus what she holds

The first term is one pass over the round, whoever asks; the others follow from what a rater has done herself.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from annotation.enums import Role, RoundKind, RoundState
from annotation.models import Membership, Round, Study
from annotation.queries.calibration_raters import CalibratedRater, calibrated_raters
from annotation.queries.calibration_standing import calibration_standing, for_rater
from annotation.queries.readings_waiting import readings_waiting
from annotation.rules.calibration import CalibrationState, Standing
from annotation.rules.handing_out import (
    FIRST_LOOK,
    FIRST_TIME,
    FOR_ANYONE,
    REPEATING,
    barred,
    had,
    hers_alone,
    of_her_institution,
)
from annotation.rules.membership import active
from annotation.rules.next_task import TaskStanding

_AVAILABLE = "(s.state = 'open' OR (s.state = 'leased' AND s.lease_expires_at < %(now)s))"

AVAILABLE = f"""
WITH latent AS (
    SELECT s.round_id, s.latent_id, bool_or(s.institution_id IS NULL) AS anyone,
        array_agg(DISTINCT s.institution_id) FILTER (WHERE s.institution_id IS NOT NULL) AS own
    FROM annotation_slot s
    WHERE s.round_id = ANY(%(rounds)s::bigint[]) AND {FOR_ANYONE} AND {_AVAILABLE}
    GROUP BY s.round_id, s.latent_id
)
SELECT round_id, NULL, count(*) FROM latent WHERE anyone GROUP BY round_id
UNION ALL
SELECT l.round_id, i.id, count(*) FROM latent l CROSS JOIN LATERAL unnest(l.own) AS i (id) WHERE NOT l.anyone
GROUP BY l.round_id, i.id
"""
"""Latents with a place by round and institution; None stands for places that anyone may take."""

HERS = f"""
SELECT m.id, o.id, counted.closed, counted.reserved, counted.held
FROM annotation_membership m
CROSS JOIN (SELECT id, kind FROM annotation_round WHERE id = ANY(%(rounds)s::bigint[])) o
CROSS JOIN LATERAL (
    WITH barred AS MATERIALIZED ({barred("m.user_id")}), had AS MATERIALIZED ({had("m.user_id")}),
    alone AS MATERIALIZED (
        SELECT DISTINCT s.latent_id FROM annotation_slot s WHERE s.round_id = o.id AND {{hers_alone}}
    ),
    gone AS (
        SELECT latent_id FROM barred UNION SELECT latent_id FROM had UNION SELECT latent_id FROM alone
    )
    SELECT
        (SELECT count(*) FROM gone WHERE EXISTS (
            SELECT 1 FROM annotation_slot s WHERE s.round_id = o.id AND s.latent_id = gone.latent_id
            AND {FOR_ANYONE} AND {_AVAILABLE} AND {of_her_institution("m.institution_id")})) AS closed,
        (SELECT count(*) FROM alone) AS reserved,
        (SELECT count(DISTINCT s.latent_id) FROM annotation_slot s
         WHERE s.round_id = o.id AND s.rater_id = m.user_id AND s.state = 'leased') AS held
) counted
WHERE m.id = ANY(%(members)s::bigint[])
""".replace(
    "{hers_alone}",
    hers_alone(
        person="m.user_id",
        institution="m.institution_id",
        now="%(now)s",
        repeats=f"o.kind IN ({', '.join(repr(kind.value) for kind in REPEATING)})",
    ),
)

IN_OTHER_HANDS = f"""
WITH barred AS MATERIALIZED ({barred("%(person)s")}), had AS MATERIALIZED ({had("%(person)s")})
SELECT count(DISTINCT s.latent_id) FROM annotation_slot s JOIN annotation_round o ON o.id = s.round_id
WHERE o.study_id = %(study)s AND o.state = 'open' AND o.kind = ANY(%(kinds)s) AND s.state = 'leased' AND {FOR_ANYONE}
    AND {of_her_institution("%(institution)s")} AND {FIRST_TIME}
"""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What one rater could be handed now."""

    calibration: CalibrationState
    rounds: Mapping[int, int]
    """Latents by open round, those that she holds included."""
    kinds: Mapping[int, RoundKind]
    readings: int = 0
    """Rationales to read blinded, the one that she has begun included."""

    @property
    def left(self) -> int:
        """Latents to rate."""
        return sum(self.rounds.values())

    @property
    def standing(self) -> TaskStanding:
        places: dict[RoundKind, int] = defaultdict(int)
        for pk, latents in self.rounds.items():
            places[self.kinds[pk]] += latents
        places[RoundKind.READING] = self.readings
        return TaskStanding(calibration=self.calibration, places=places)


def reaches(study: Study, members: Sequence[Membership], *, now: datetime) -> dict[int, Reach]:
    """By membership, of annotators. People who withdrew or may not sign in reach nothing."""
    rounds = Round.objects.filter(study=study, state=RoundState.OPEN).exclude(kind=RoundKind.READING)
    kinds = {pk: RoundKind(kind) for pk, kind in rounds.order_by("number").values_list("pk", "kind")}
    first = [pk for pk, kind in kinds.items() if kind != RoundKind.CALIBRATION]
    able = set(active(study).filter(role=Role.ANNOTATOR).values_list("pk", flat=True))
    calibrations = _calibrations(study, [member for member in members if member.pk in able])
    ready = [member for member in members if member.pk in able and not calibrations[member.pk].standing.blocks]
    counted = _counted(ready, first, now=now)
    readings = readings_waiting(ready)
    found = {}
    for member in members:
        calibration = calibrations.get(member.pk, _NOTHING_DUE)
        latents = counted.get(member.pk, {})
        if calibration.standing.state == CalibrationState.DUE:
            latents = {calibration.round: calibration.left}
        found[member.pk] = Reach(
            calibration=calibration.standing.state,
            rounds=latents,
            kinds=kinds,
            readings=readings.get(member.pk, 0),
        )
    return found


@dataclass(frozen=True, kw_only=True)
class _Calibration:
    standing: Standing
    round: int = 0
    left: int = 0
    """Latents of the set that is due. Her places are laid out when she comes, so that they cannot be counted."""


_NOTHING_DUE = _Calibration(standing=Standing(state=CalibrationState.NOT_NEEDED))


def _calibrations(study: Study, members: Sequence[Membership]) -> dict[int, _Calibration]:
    """By membership. One statement where no calibration was opened, otherwise no more for many than for two."""
    opened = Round.objects.filter(study=study, kind=RoundKind.CALIBRATION).exclude(state=RoundState.DRAFT)
    rounds = dict(opened.values_list("calibration_set", "pk"))
    if not rounds:
        return {member.pk: _NOTHING_DUE for member in members}
    if len(members) > 1:
        found = {rater.membership.pk: rater for rater in calibrated_raters(study)}
        return {member.pk: _of_many(found[member.pk], rounds) for member in members}
    return {member.pk: _of_one(member, rounds) for member in members}


def _of_many(rater: CalibratedRater, rounds: Mapping[int | None, int]) -> _Calibration:
    due = rater.standing.set
    left = rater.of.get(due, 0) - rater.answered.get(due, 0)
    return _Calibration(standing=rater.standing, round=rounds.get(due, 0), left=left)


def _of_one(member: Membership, rounds: Mapping[int | None, int]) -> _Calibration:
    standing = calibration_standing(member)
    left = for_rater(member).filter(calibration_set=standing.set, done=False).count() if standing.set else 0
    return _Calibration(standing=standing, round=rounds.get(standing.set, 0), left=left)


def _counted(members: Sequence[Membership], rounds: Sequence[int], *, now: datetime) -> dict[int, dict[int, int]]:
    if not members or not rounds:
        return {}
    total = available(rounds, now=now)
    found: dict[int, dict[int, int]] = defaultdict(dict)
    institutions = {member.pk: member.institution_id for member in members}
    for member, round_, own in hers(institutions, rounds, now=now):
        found[member][round_] = total.of(round_, institutions[member]) + own.more
    return found


@dataclass(frozen=True)
class Available:
    """Latents with a free place, by (round, institution)."""

    latents: Mapping[tuple[int, int | None], int]

    def of(self, round_: int, institution: int | None) -> int:
        anyone = self.latents.get((round_, None), 0)
        return anyone if institution is None else anyone + self.latents.get((round_, institution), 0)


def available(rounds: Iterable[int], *, now: datetime) -> Available:
    """One statement over all places of these rounds."""
    rows = _fetch(AVAILABLE, rounds=list(rounds), now=now)
    return Available({(round_, institution): count for round_, institution, count in rows})


@dataclass(frozen=True, kw_only=True)
class Own:
    """What makes one rater's reach differ from her institution's, in one round."""

    closed: int
    """Latents with a free place that she may not have, or has a place of her own on."""
    reserved: int
    held: int

    @property
    def more(self) -> int:
        return self.reserved + self.held - self.closed


def hers(members: Iterable[int], rounds: Iterable[int], *, now: datetime) -> list[tuple[int, int, Own]]:
    """(membership, round, what is her own) for each of these memberships and rounds. One statement."""
    rows = _fetch(HERS, members=list(members), rounds=list(rounds), now=now)
    return [
        (member, round_, Own(closed=closed, reserved=reserved, held=held))
        for member, round_, closed, reserved, held in rows
    ]


def in_other_hands(member: Membership) -> int:
    """Latents held by colleagues that come to her if those let the time run out."""
    rows = _fetch(
        IN_OTHER_HANDS,
        person=member.user_id,
        study=member.study_id,
        institution=member.institution_id,
        kinds=[kind.value for kind in FIRST_LOOK],
    )
    return int(rows[0][0])


def _fetch(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
