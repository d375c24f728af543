"""What a rater reads once she has answered a calibration latent: her answers beside the panel's, and why."""

from dataclasses import dataclass

from annotation.models import Membership, Rating
from annotation.queries.calibration_result import ComparedAnswer, compared_answers, set_verdict
from annotation.queries.calibration_standing import calibration_standing, for_rater
from annotation.rules.calibration import Standing, Verdict
from annotation.rules.refusal import NotYours


@dataclass(frozen=True, kw_only=True)
class Feedback:
    set: int
    latent: int
    done: int
    """Latents of the set that she has answered or declined."""
    total: int
    answers: tuple[ComparedAnswer, ...]
    rating: Rating
    standing: Standing

    @property
    def finished(self) -> bool:
        return self.done >= self.total


def calibration_feedback(membership: Membership, *, set_number: int, latent: int) -> Feedback:
    """Of a latent of the set that she has rated. Raises NotYours for any other: answers come before references."""
    rating = (
        Rating.objects.filter(
            rater=membership.user_id, latent=latent, round__calibration_set=set_number, study=membership.study_id
        )
        .select_related("concept", "round")
        .order_by("revision")
        .first()
    )
    if rating is None:
        raise NotYours("You have not answered this calibration latent.")
    done = list(for_rater(membership).filter(calibration_set=set_number).values_list("done", flat=True))
    return Feedback(
        set=set_number,
        latent=latent,
        done=sum(done),
        total=len(done),
        answers=tuple(
            compared_answers(membership.study, set_number=set_number, user=membership.user_id, latent=latent)
        ),
        rating=rating,
        standing=calibration_standing(membership),
    )


@dataclass(frozen=True, kw_only=True)
class AnsweredLatent:
    """One line of the summary."""

    pk: int
    number: int
    """In the order in which she answered."""
    credit: float
    """Mean over its items."""
    items: int


@dataclass(frozen=True, kw_only=True)
class SetSummary:
    set: int
    verdict: Verdict
    latents: tuple[AnsweredLatent, ...]
    left: int
    standing: Standing


def set_summary(membership: Membership, *, set_number: int) -> SetSummary:
    """How she did in a set so far. Raises NotYours before her first answer to it."""
    answers = compared_answers(membership.study, set_number=set_number, user=membership.user_id)
    if not answers:
        raise NotYours("You have not begun this calibration set.")
    credits: dict[int, list[float]] = {}
    for answer in sorted(answers, key=lambda one: one.rating):
        credits.setdefault(answer.latent, []).append(answer.credit)
    return SetSummary(
        set=set_number,
        verdict=set_verdict(membership, set_number),
        latents=tuple(
            AnsweredLatent(pk=latent, number=place, credit=sum(given) / len(given), items=len(given))
            for place, (latent, given) in enumerate(credits.items(), start=1)
        ),
        left=for_rater(membership).filter(calibration_set=set_number, done=False).count(),
        standing=calibration_standing(membership),
    )


def newest_set(membership: Membership) -> int:
    """The set that she answered last; 0 where she has answered none."""
    newest = Rating.objects.filter(
        rater=membership.user_id, study=membership.study_id, round__calibration_set__isnull=False
    ).order_by("-pk")
    return newest.values_list("round__calibration_set", flat=True).first() or 0
