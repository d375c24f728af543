"""The rubric versions that a study can see: in force, used, its own, the draft, and those that ship."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from annotation.enums import RoundKind
from annotation.models import RubricVersion, Study
from annotation.rules.described_rubric import described
from annotation.rules.refusal import NotYours
from annotation.rules.rubric_diff import RubricDiff, rubric_diff


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    version: RubricVersion
    in_force: bool
    shipped: bool
    """It came with the product; a study edits a copy of it."""
    rounds: tuple[int, ...]
    """Numbers of the study's rounds that ask it."""
    ratings: int
    """First answers given to it in the study."""

    @property
    def adoptable(self) -> bool:
        return not self.in_force and self.version.published_at is not None


@dataclass(frozen=True, kw_only=True)
class RubricOverview:
    in_force: VersionRow
    draft: VersionRow | None
    others: tuple[VersionRow, ...]
    """Published versions, the newest first."""


def rubric_overview(study: Study) -> RubricOverview:
    """The same number of statements however many versions there are."""
    versions = list(visible_versions(study).order_by("-published_at", "-pk"))
    rows = _rows(study, versions)
    return RubricOverview(
        in_force=next(row for row in rows if row.in_force),
        draft=next((row for row in rows if row.version.published_at is None), None),
        others=tuple(row for row in rows if not row.in_force and row.version.published_at is not None),
    )


def visible_versions(study: Study) -> QuerySet[RubricVersion]:
    """Its own, those of its rounds, and what ships; never another study's."""
    own = Q(rubric__study=study) | Q(rubric__study=None, published_at__isnull=False) | Q(pk=study.rubric_id)
    used = Q(pk__in=study.rounds.values("rubric"))
    return RubricVersion.objects.filter(own | used).select_related("rubric", "based_on__rubric")


def find_version(study: Study, pk: int) -> RubricVersion:
    """Raises NotYours for one that the study cannot see."""
    version = visible_versions(study).filter(pk=pk).first()
    if version is None:
        raise NotYours("There is no such rubric version in this study.")
    return version


def diff_of(before: RubricVersion, after: RubricVersion) -> RubricDiff:
    """Two statements."""
    return rubric_diff(described(before), described(after))


def _rows(study: Study, versions: Iterable[RubricVersion]) -> list[VersionRow]:
    rounds: dict[int, list[int]] = {}
    asked = study.rounds.exclude(kind=RoundKind.RETEST)
    for rubric, number in asked.order_by("number").values_list("rubric", "number"):
        rounds.setdefault(rubric, []).append(number)
    given = study.ratings.filter(revision=1).values_list("round__rubric").annotate(Count("pk")).order_by()
    ratings = dict(given)
    return [
        VersionRow(
            version=version,
            in_force=version.pk == study.rubric_id,
            shipped=version.rubric.study_id is None,
            rounds=tuple(rounds.get(version.pk, ())),
            ratings=ratings.get(version.pk, 0),
        )
        for version in versions
    ]
