"""How a rater's first answers to calibration latents compare with the panel's references."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from annotation.models import Membership, Rating, RubricItem, Study
from annotation.queries.concept_names import merged_names
from annotation.queries.references import PanelReference, panel_references
from annotation.rules.calibration import Verdict, after_merges, counted_as, credit, share_of, verdict
from annotation.rules.referenced_items import ReferencedItem, given_answers, referenced_items


@dataclass(frozen=True, kw_only=True)
class ComparedAnswer:
    """One first answer beside the panel's."""

    rating: int
    latent: int
    rater: int
    """User."""
    set: int
    question: ReferencedItem
    answer: str | None
    """None: she could not tell."""
    reference: PanelReference
    merged: Mapping[str, str] = field(default_factory=dict)
    """Of concepts: which name counts under which by now. Answer and reference are kept as they were typed."""

    @property
    def distribution(self) -> Mapping[str, float]:
        """The panel's, after merges."""
        return after_merges(self.reference.distribution, self.merged)

    @property
    def share(self) -> float:
        return share_of(self._counted, self.distribution)

    @property
    def credit(self) -> float:
        return credit(self._counted, self.distribution)

    @property
    def _counted(self) -> str | None:
        return None if self.answer is None else counted_as(self.answer, self.merged)


def compared_answers(
    study: Study, *, set_number: int | None = None, user: int | None = None, latent: int | None = None
) -> list[ComparedAnswer]:
    """By rater, latent and item, in order; of one set, one person or one latent where named. Four statements.

    Asks nobody's leave: callers show a reference only to who has answered it.
    """
    ratings = Rating.objects.filter(study=study, revision=1, round__calibration_set__isnull=False)
    if set_number is not None:
        ratings = ratings.filter(round__calibration_set=set_number)
    if user is not None:
        ratings = ratings.filter(rater=user)
    if latent is not None:
        ratings = ratings.filter(latent=latent)
    rows = list(ratings.select_related("concept", "round").order_by("rater", "latent__position", "pk"))
    versions = _questions({row.round.rubric_id for row in rows})
    references = panel_references({row.latent_id for row in rows})
    merged = merged_names(study) if rows else {}
    return [answer for row in rows for answer in _compared(row, versions[row.round.rubric_id], references, merged)]


def _questions(versions: set[int]) -> dict[int, tuple[ReferencedItem, ...]]:
    items: dict[int, list[RubricItem]] = {version: [] for version in versions}
    for item in RubricItem.objects.filter(version__in=versions).order_by("position"):
        items[item.version_id].append(item)
    return {version: referenced_items(of_version) for version, of_version in items.items()}


def _compared(
    rating: Rating,
    questions: tuple[ReferencedItem, ...],
    references: dict[tuple[int, str], PanelReference],
    merged: Mapping[str, str],
) -> list[ComparedAnswer]:
    given = given_answers(
        questions,
        outcome=rating.outcome,
        concept=rating.concept.name if rating.concept else "",
        values=rating.answers,
    )
    return [
        ComparedAnswer(
            rating=rating.pk,
            latent=rating.latent_id,
            rater=rating.rater_id,
            set=rating.round.calibration_set or 0,
            question=question,
            answer=given[question.key],
            reference=references[rating.latent_id, question.key],
            merged=merged if question.is_concept else {},
        )
        for question in questions
        if question.key in given and (rating.latent_id, question.key) in references
    ]


def set_verdict(membership: Membership, set_number: int) -> Verdict:
    """How she did in one set, by the study's threshold."""
    credits: dict[int, list[float]] = {}
    for answer in compared_answers(membership.study, set_number=set_number, user=membership.user_id):
        credits.setdefault(answer.latent, []).append(answer.credit)
    return verdict(credits, threshold=membership.study.calibration_threshold)
