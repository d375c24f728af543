"""Rationales that programs may judge: of answered ratings, newest revisions, calibration ratings among them."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from annotation.enums import Outcome, ScoreTask
from annotation.models import Rating, RationaleScore, ScoreBatch, Study
from annotation.queries.scorers_in_use import scorers_in_use
from annotation.queries.set_aside import set_aside
from annotation.queries.withheld import withheld


def scorable_rationales(study: Study) -> QuerySet[Rating]:
    """Withheld ones are left out: what has left the study is asked of nobody."""
    same = {name: OuterRef(name) for name in ("latent", "round", "rater")}
    newer = Rating.objects.filter(**same, revision__gt=OuterRef("revision"))
    return Rating.objects.filter(~Exists(newer), ~withheld(), ~set_aside(), study=study, outcome=Outcome.ANSWERED)


def unscored_rationales(study: Study, *, scorer: str, version: str) -> QuerySet[Rating]:
    """Those that the scorer has neither judged in its current version nor been asked about, latent by latent.

    version: of the program as it is now. What could not be judged because nothing is there to judge it by stays so.
    """
    scores = RationaleScore.objects.filter(judged_by(study, scorer, version), scorer=scorer, task=ScoreTask.DETECTION)
    asked = ScoreBatch.objects.filter(~Q(failure="") | Q(ended_at=None), study=study, scorer=scorer)
    taken = {rating for ratings in asked.values_list("ratings", flat=True) for rating in ratings}
    found = scorable_rationales(study).filter(~Exists(scores.filter(rating=OuterRef("pk"))))
    return found.exclude(pk__in=taken).order_by("latent", "pk")


def judged_by(study: Study, scorer: str, version: str) -> Q:
    """Scores of the scorer as it is now: of the model that answered last, where this version of the program has one."""
    last = scorers_in_use(study).get(scorer, "")
    return Q(version__in=[version, last]) if last.startswith(f"{version}/") else Q(version=version)


def open_batches(study: Study, scorer: str) -> QuerySet[ScoreBatch]:
    """Asked, and neither answered nor given up."""
    return ScoreBatch.objects.filter(study=study, scorer=scorer, ended_at=None)
