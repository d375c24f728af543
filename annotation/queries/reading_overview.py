"""How far the blinded readings of a study are: counts, and a mean only for who sees results."""

from dataclasses import dataclass

from django.db.models import Avg, Count, Q

from annotation.enums import RoundKind, RoundState, SlotState
from annotation.models import Reading, ReadingSlot, Study
from annotation.queries.withheld import withheld


@dataclass(frozen=True, kw_only=True)
class ReadingOverview:
    asked: int
    read: int
    open: bool
    """A reading round takes readings."""
    mean: float | None
    """Mean balanced accuracy."""


def reading_overview(study: Study) -> ReadingOverview:
    """Three statements."""
    places = ReadingSlot.objects.filter(round__study=study).aggregate(
        asked=Count("pk"), read=Count("pk", filter=Q(state=SlotState.SUBMITTED))
    )
    given = Reading.objects.filter(study=study).filter(~withheld("reader"))
    return ReadingOverview(
        asked=places["asked"],
        read=places["read"],
        open=study.rounds.filter(kind=RoundKind.READING, state=RoundState.OPEN).exists(),
        mean=given.aggregate(mean=Avg("balanced_accuracy"))["mean"],
    )
