"""All that the study page shows, for its researcher or for one institution's coordinator."""

from dataclasses import dataclass

from annotation.models import Institution, RubricItem, Study
from annotation.queries.declined_by_all import DeclinedByAll, declined_by_all
from annotation.queries.membership_totals import InstitutionTotals, institution_totals, rater_count
from annotation.queries.next_step import NextStep, next_step
from annotation.queries.reconstruction import Figure, reconstruction
from annotation.queries.results import Freshness, freshness
from annotation.queries.round_progress import RoundProgress, round_progress
from annotation.queries.sample_frame import SampleFrame, StateCount, sample_frame, state_counts


@dataclass(frozen=True, kw_only=True)
class StudyOverview:
    figures: tuple[Figure, ...]
    items: tuple[RubricItem, ...]
    frame: SampleFrame
    states: tuple[StateCount, ...]
    rounds: tuple[RoundProgress, ...]
    declined: DeclinedByAll
    institutions: tuple[InstitutionTotals, ...]
    raters: int
    freshness: Freshness
    next: NextStep


def study_overview(study: Study, *, retests: bool) -> StudyOverview:
    """For the researcher. The same number of statements however large the study is.

    retests: whether she may know of retests (rules.blinding.retests_visible).
    """
    run = study.run
    frame, rounds, raters = sample_frame(study), round_progress(study, retests=retests), rater_count(study)
    return StudyOverview(
        figures=reconstruction(run) if run else (),
        items=tuple(study.rubric.items.order_by("position")),
        frame=frame,
        states=state_counts(study),
        rounds=rounds,
        declined=declined_by_all(study),
        institutions=institution_totals(study),
        raters=raters,
        freshness=freshness(study),
        next=next_step(study, frame, rounds, raters=raters),
    )


@dataclass(frozen=True, kw_only=True)
class InstitutionOverview:
    """What a coordinator sees: her own institutions' totals, no text, nobody else's people."""

    institutions: tuple[Institution, ...]
    raters: int
    ratings: int
    rounds: tuple[RoundProgress, ...]


def institution_overview(study: Study, institutions: tuple[Institution, ...], *, retests: bool) -> InstitutionOverview:
    """For a coordinator. retests: whether she may know of retests (rules.blinding.retests_visible)."""
    return InstitutionOverview(
        institutions=institutions,
        raters=rater_count(study, institutions),
        ratings=study.ratings.filter(institution__in=institutions, revision=1).count(),
        rounds=round_progress(study, institutions=institutions, retests=retests),
    )
