"""A study's raters by pseudonym, for its researcher: what the newest results made of each, and where that came from."""

from dataclasses import dataclass

from annotation.enums import Role
from annotation.models import InstitutionHabit, Membership, RaterReliability, ResultRun, ScorerStanding, Sensitivity


@dataclass(frozen=True, kw_only=True)
class PanelRater:
    """One rater on one question."""

    found: RaterReliability
    institution: str
    """Name."""
    without: Sensitivity | None
    """What agreement and accepted labels become without her; None where it is not computed yet."""


@dataclass(frozen=True, kw_only=True)
class RaterPanel:
    raters: tuple[PanelRater, ...]
    """By institution and pseudonym."""
    habits: tuple[InstitutionHabit, ...]
    """One without a code says why there are none."""
    institutions: dict[str, str]
    """Names by code."""
    scorers: tuple[ScorerStanding, ...]
    everybody: Sensitivity | None
    """Agreement and labels with everyone, to compare with; None where it is not computed yet."""


def rater_panel(run: ResultRun, question: str) -> RaterPanel:
    """On one question of the results. Five statements."""
    members = Membership.objects.filter(study=run.study_id, role=Role.ANNOTATOR).select_related("institution")
    homes = {member.pseudonym: member.institution.name if member.institution else "" for member in members}
    names = {member.institution.code: member.institution.name for member in members if member.institution}
    rows = Sensitivity.objects.filter(run=run, item=question, kind__in=("nobody", "rater"))
    left_out = {row.left_out: row for row in rows}
    raters = [
        PanelRater(found=row, institution=homes.get(row.pseudonym, ""), without=left_out.get(row.pseudonym))
        for row in RaterReliability.objects.filter(run=run, item=question)
    ]
    return RaterPanel(
        raters=tuple(sorted(raters, key=lambda one: (one.institution, one.found.pseudonym))),
        habits=tuple(InstitutionHabit.objects.filter(run=run, item=question).order_by("institution")),
        institutions=names,
        scorers=tuple(ScorerStanding.objects.filter(run=run, item=question).order_by("scorer")),
        everybody=left_out.get(""),
    )
