"""The questions of a round: once it has opened, its rubric version never changes (the database refuses it).

So they are read once a process. The rows are shared by all who ask: nobody may change them.
"""

from functools import lru_cache

from annotation.enums import RoundState
from annotation.models import Round, RubricItem

REMEMBERED = 256
"""Rounds and versions."""


class NotOpened(LookupError):
    """There is no such round, or it has not opened yet, so that its rubric may still change."""


@lru_cache(REMEMBERED)
def asked_by(round_id: int) -> tuple[int, int]:
    """(study, rubric version) of an opened round. Raises NotOpened."""
    opened = Round.objects.exclude(state=RoundState.DRAFT).filter(pk=round_id)
    if found := opened.values_list("study_id", "rubric_id").first():
        return found
    raise NotOpened(f"Round {round_id} has not opened.")


def frozen_items(round_id: int) -> tuple[RubricItem, ...]:
    """The rubric items that an opened round asks for, in order. Raises NotOpened."""
    _, version = asked_by(round_id)
    return _items(version)


@lru_cache(REMEMBERED)
def _items(version: int) -> tuple[RubricItem, ...]:
    return tuple(RubricItem.objects.filter(version=version).order_by("position"))
