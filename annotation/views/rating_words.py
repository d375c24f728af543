"""What is said of a rating that is in, on the page and to its script."""

from django.utils import timezone

from annotation.models import Rating

SURPLUS = (
    "The time reserved for that latent had run out, and a colleague had been given the place. "
    "Your rating is kept and counts like any other."
)


def saved(rating: Rating) -> str:
    """In calibration the panel's answers come in between."""
    return f"Saved {_clock(rating)}." if rating.round.calibration_set else f"Saved {_clock(rating)}. Next latent."


def sent_before(rating: Rating) -> str:
    return f"You had sent this form already. Your rating of {_clock(rating)} stays as it was."


def _clock(rating: Rating) -> str:
    return f"{timezone.localtime(rating.submitted_at):%H:%M}"
