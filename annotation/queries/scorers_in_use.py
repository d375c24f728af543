"""Which programs judge a study's rationales, and in which version: only scores of that one count."""

from collections.abc import Mapping

from django.db.models import Max, Q

from annotation.models import ScoreBatch, Study


def scorers_in_use(study: Study) -> Mapping[str, str]:
    """By scorer the version that answered last, of those that the study uses and that have ever answered."""
    last = (
        ScoreBatch.objects.filter(~Q(answered=""), study=study, scorer__in=study.scorers)
        .values("scorer")
        .annotate(newest=Max("pk"))
        .values("newest")
    )
    return dict(ScoreBatch.objects.filter(pk__in=last).order_by("scorer").values_list("scorer", "answered"))


def current(versions: Mapping[str, str]) -> Q:
    """Rows of these scorers in these versions. For `filter` on what has a scorer and a version."""
    found = Q(pk__in=[])
    for scorer, version in versions.items():
        found |= Q(scorer=scorer, version=version)
    return found
