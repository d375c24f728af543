"""Lets a simulated study's raters read each other's rationales, blind, through the same actions as people's."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from annotation.actions.reading import claim_reading, submit_reading
from annotation.actions.reading_tickets import read_reading_ticket, write_reading_ticket
from annotation.enums import Role, SnippetKind
from annotation.models import ReadingSlot, Snippet, Study, User
from annotation.rules.membership import active
from annotation.rules.refusal import Refused

LEAST_SKILL, MOST_SKILL = 0.7, 0.95
"""Chance that a reader says of a snippet what is so."""


def simulate_readings(*, study: Study, moments: Iterator[datetime]) -> int:
    """Everyone reads one rationale at a time, in turn, until none is left for anybody. Returns how many were read."""
    if not study.simulated:
        raise Refused("Simulated readers may only read in a study that is marked as simulated.")
    rng = np.random.default_rng([study.seed, 1])
    members = active(study).filter(role=Role.ANNOTATOR).select_related("user").order_by("pk")
    waiting = [(member.user, float(rng.uniform(LEAST_SKILL, MOST_SKILL))) for member in members]
    count = 0
    while waiting:
        for reader, skill in list(waiting):
            now = next(moments)
            slot = claim_reading(study=study, by=reader, now=now)
            if slot is None:
                waiting.remove((reader, skill))
                continue
            _read(slot, reader, skill, rng, now)
            count += 1
    return count


def _read(slot: ReadingSlot, by: User, skill: float, rng: np.random.Generator, now: datetime) -> None:
    kinds = dict(Snippet.objects.filter(pk__in=slot.snippets).values_list("pk", "kind"))
    judgements = {pk: (kinds[pk] == SnippetKind.HELD_OUT) == (rng.random() < skill) for pk in slot.snippets}
    submit_reading(
        ticket=read_reading_ticket(write_reading_ticket(slot), by=by),
        judgements=judgements,
        active_seconds=round(float(rng.gamma(8.0, 15.0)), 1),
        by=by,
        now=now,
    )
