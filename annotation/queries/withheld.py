"""Ratings and readings that left the study with somebody who withdrew: stored, and out of all results and releases."""

from django.db.models import Exists, OuterRef

from annotation.models import Membership, Rating, Study


def withheld(person: str = "rater") -> Exists:
    """Whether a row of Rating (or, with `person="reader"`, of Reading) is withheld. For `filter` and `annotate`."""
    gone = Membership.objects.filter(study=OuterRef("study"), user=OuterRef(person), ratings_withheld=True)
    return Exists(gone)


def withheld_raters(study: Study) -> list[str]:
    """Pseudonyms of those whose ratings are withheld, sorted."""
    gone = Membership.objects.filter(study=study, ratings_withheld=True)
    return sorted(gone.values_list("pseudonym", flat=True))


def ratings_of(membership: Membership) -> int:
    """How many of hers the study holds, without revisions: what her withdrawal is about."""
    return Rating.objects.filter(study=membership.study_id, rater=membership.user_id, revision=1).count()
