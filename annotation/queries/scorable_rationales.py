"""Rationales that programs may judge: of answered ratings, newest revisions, calibration ratings among them."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from annotation.enums import Outcome, ScoreTask
from annotation.models import Rating, RationaleScore, ScoreBatch, Study
from annotation.queries.withheld import withheld


def scorable_rationales(study: Study) -> QuerySet[Rating]:
    """Withheld ones are left out: what has left the study is asked of nobody."""
    same = {name: OuterRef(name) for name in ("latent", "round", "rater")}
    newer = Rating.objects.filter(**same, revision__gt=OuterRef("revision"))
    return Rating.objects.filter(~Exists(newer), ~withheld(), study=study, outcome=Outcome.ANSWERED)


def unscored_rationales(study: Study, *, scorer: str, version: str) -> QuerySet[Rating]:
    """Those that this version of the scorer has neither judged nor been asked about, latent by latent."""
    judged = RationaleScore.objects.filter(
        rating=OuterRef("pk"), scorer=scorer, version=version, task=ScoreTask.DETECTION
    )
    asked = {
        rating
        for ratings in open_batches(study, scorer).filter(version=version).values_list("ratings", flat=True)
        for rating in ratings
    }
    return scorable_rationales(study).filter(~Exists(judged)).exclude(pk__in=asked).order_by("latent", "pk")


def open_batches(study: Study, scorer: str) -> QuerySet[ScoreBatch]:
    """Asked, and neither answered nor given up."""
    return ScoreBatch.objects.filter(study=study, scorer=scorer, ended_at=None)


def failed_batches(study: Study, scorer: str) -> QuerySet[ScoreBatch]:
    return ScoreBatch.objects.filter(~Q(failure=""), study=study, scorer=scorer)
