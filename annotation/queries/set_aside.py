"""Ratings of external rounds that the researcher did not let count: stored, released, marked, and in no statistics."""

from django.db.models import Exists, OuterRef, QuerySet

from annotation.models import ExternalRound, Round

SET_ASIDE = """EXISTS (
    SELECT 1 FROM annotation_externalround aside WHERE aside.round_id = {0}.round_id AND NOT aside.counts)"""
"""Whether a row of annotation_rating, under this alias, is set aside."""


def set_aside() -> Exists:
    """Whether a row of Rating is. For `filter` and `annotate`."""
    return Exists(ExternalRound.objects.filter(round=OuterRef("round"), counts=False))


def rounds_set_aside() -> QuerySet[Round]:
    """For `round__in`."""
    return Round.objects.filter(external__counts=False)
