"""Notes of rationales that nothing is there to judge them by. No program is asked."""

from collections.abc import Mapping
from datetime import datetime

from annotation.enums import Scorer, ScoreTask
from annotation.models import RationaleScore, Study
from annotation.science.digest import digest


def store_undefined(
    *, study: Study, scorer: Scorer, version: str, reasons: Mapping[int, str], now: datetime
) -> list[RationaleScore]:
    """reasons: by rating, why there is no trial. Twice is once."""
    return RationaleScore.objects.bulk_create(
        (
            RationaleScore(
                study=study,
                rating_id=rating,
                scorer=scorer,
                version=version,
                task=ScoreTask.DETECTION,
                undefined_reason=reason,
                digest=digest([rating], reason=reason),
                scored_at=now,
            )
            for rating, reason in reasons.items()
        ),
        ignore_conflicts=True,
    )
