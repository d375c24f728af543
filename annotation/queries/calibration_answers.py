"""First answers to calibration items with the reference's share for them: what the statistics know of a rater before
her answers meet those of others. They enter nothing else.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from annotation.enums import Role
from annotation.models import Membership, Study
from annotation.queries.calibration_result import ComparedAnswer, compared_answers
from annotation.queries.learnability_scores import Scores
from annotation.science.types import CalibrationAnswer, LearnabilityScore


@dataclass(frozen=True, kw_only=True)
class KnownAnswers:
    by_item: Mapping[str, tuple[CalibrationAnswer, ...]]
    """By consensus item: an item's key, or `<key>-<flag>`."""
    ratings: int
    """First ratings of calibration latents that they come from."""
    references: int
    """The latest reference (its id) that they were compared with; 0 for none."""


def calibration_answers(study: Study, scores: Scores) -> KnownAnswers:
    """All sets that a rater took. "Cannot tell" is missing here as everywhere.

    The scores of a rationale stand beside the concept alone: that is the label which its judges were given.
    """
    gone = set(Membership.objects.filter(study=study, ratings_withheld=True).values_list("user", flat=True))
    names = dict(Membership.objects.filter(study=study, role=Role.ANNOTATOR).values_list("user", "pseudonym"))
    found: dict[str, list[CalibrationAnswer]] = defaultdict(list)
    compared = [answer for answer in compared_answers(study) if answer.rater not in gone]
    for answer in compared:
        if answer.answer is not None:
            found[answer.question.key].append(_known(answer, names[answer.rater], scores.get(answer.rating, ())))
    return KnownAnswers(
        by_item={key: tuple(given) for key, given in sorted(found.items())},
        ratings=len({answer.rating for answer in compared}),
        references=max((answer.reference.newest for answer in compared), default=0),
    )


def _known(answer: ComparedAnswer, rater: str, scores: tuple[LearnabilityScore, ...]) -> CalibrationAnswer:
    return CalibrationAnswer(
        rater=rater,
        latent=str(answer.latent),
        reference_share=min(1.0, answer.share),
        n_classes=answer.question.classes(answer.distribution),
        scores=scores if answer.question.is_concept else (),
    )
