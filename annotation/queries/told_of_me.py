"""In which of a person's studies releases say of her what she said of herself."""

from dataclasses import dataclass

from annotation.enums import RaterAttribute, Role
from annotation.models import Study, User

SAID_BY_HER = (RaterAttribute.SPECIALTY, RaterAttribute.SENIORITY)


@dataclass(frozen=True, kw_only=True)
class ToldOfMe:
    study: Study
    words: str
    """Which attributes: `specialty and seniority`."""


def told_of_me(user: User) -> tuple[ToldOfMe, ...]:
    """One statement."""
    studies = Study.objects.filter(
        release_raters=True,
        memberships__user=user,
        memberships__role__in=(Role.ANNOTATOR, Role.ADJUDICATOR),
        memberships__ratings_withheld=False,
    )
    found = []
    for study in studies.distinct().order_by("name"):
        named = [one.label.lower() for one in SAID_BY_HER if one in study.rater_attributes]
        if named:
            found.append(ToldOfMe(study=study, words=" and ".join(named)))
    return tuple(found)
