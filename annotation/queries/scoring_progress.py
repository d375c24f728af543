"""How far each program of a study is with its rationales, and what stands in its way."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from annotation.enums import Scorer, ScoreTask
from annotation.models import RationaleScore, ScoreBatch, Study
from annotation.queries.scorable_rationales import open_batches, scorable_rationales
from annotation.queries.scorers_in_use import scorers_in_use


@dataclass(frozen=True, kw_only=True)
class ScoringProgress:
    scorer: Scorer
    done: int
    """Rationales that it has judged in its current version, or that cannot be judged."""
    undefined: int
    """Of these, those that cannot be judged, ..."""
    reason: str
    """... and why most of them cannot."""
    total: int
    """Rationales to be judged."""
    asked: bool
    """The gpu queue has some of the others."""
    failure: str
    """Why the newest of its batches came to nothing; empty where it did not."""
    model: str
    """What judged last: name and digest of its weights."""

    @property
    def waiting(self) -> int:
        return max(0, self.total - self.done)

    @property
    def under_way(self) -> bool:
        """Whether there is anything to wait for."""
        return self.waiting > 0 and not self.failure


def scoring_progress(study: Study) -> tuple[ScoringProgress, ...]:
    """Of the programs that the study uses. Up to five statements each."""
    if not study.scorers:
        return ()
    total, versions = scorable_rationales(study).count(), scorers_in_use(study)
    return tuple(
        _of(study, Scorer(name), versions.get(name, ""), total) for name in Scorer.values if name in study.scorers
    )


def _of(study: Study, scorer: Scorer, version: str, total: int) -> ScoringProgress:
    # What could not be judged by anything has the program's version without a model's.
    judged = Q(version__in=[version, version.split("/")[0]]) if version else ~Q(version__contains="/")
    rows = RationaleScore.objects.filter(judged, study=study, scorer=scorer, task=ScoreTask.DETECTION)
    given = rows.filter(rating__in=scorable_rationales(study)).aggregate(
        done=Count("pk"), undefined=Count("pk", filter=Q(value=None))
    )
    newest = ScoreBatch.objects.filter(study=study, scorer=scorer).order_by("-sent_at", "-pk").first()
    return ScoringProgress(
        scorer=scorer,
        done=given["done"],
        undefined=given["undefined"],
        reason=_commonest(rows) if given["undefined"] else "",
        total=total,
        asked=open_batches(study, scorer).exists(),
        failure=newest.failure if newest else "",
        model=rows.exclude(model="").order_by("-pk").values_list("model", flat=True).first() or "",
    )


def _commonest(rows: QuerySet[RationaleScore]) -> str:
    reasons = rows.filter(value=None).values("undefined_reason").annotate(number=Count("pk"))
    return str(reasons.order_by("-number", "undefined_reason")[0]["undefined_reason"])
