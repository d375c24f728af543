"""Where a rater goes from a rating that is in: to the next latent, or in calibration to what the panel says."""

from django.urls import reverse

from annotation.models import Rating, Study


def after_rating(study: Study, rating: Rating) -> str:
    """The address. In calibration nothing is shown ahead: the panel's answers come in between."""
    if rating.round.calibration_set is None:
        return reverse("rate", args=[study.slug])
    return reverse("calibration_feedback", args=[study.slug, rating.round.calibration_set, rating.latent_id])
