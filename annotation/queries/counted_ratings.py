"""Which stored ratings count: no calibration's, none withheld or set aside, none that gave way to a newer rubric's."""

from django.db.models import F, QuerySet, Window
from django.db.models.functions import FirstValue

from annotation.models import Rating, RubricVersion, Study
from annotation.queries.set_aside import set_aside
from annotation.queries.withheld import withheld


def counted_ratings(study: Study, *, version: RubricVersion | None = None) -> QuerySet[Rating]:
    """All revisions of the ratings that statistics take; with `version`, of those given under that rubric version."""
    ratings = Rating.objects.filter(~withheld(), ~set_aside(), study=study, latent__calibration_set=None)
    return under_newest_version(ratings) if version is None else ratings.filter(round__rubric=version)


def under_newest_version(ratings: QuerySet[Rating]) -> QuerySet[Rating]:
    """Those that a rater gave under the rubric version that she answered last on the latent: older ones give way.

    Repeat readings under one version stay beside each other. `ratings` holds all of a latent's, or none.
    """
    newest = Window(FirstValue("round__rubric"), partition_by=[F("latent"), F("rater")], order_by=F("round").desc())
    return ratings.annotate(newest_version=newest).filter(newest_version=F("round__rubric"))
