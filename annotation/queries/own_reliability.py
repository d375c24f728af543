"""What a rater may know of her own steadiness: her answers beside the panel's, and beside her own of another day.

Nothing here rests on a colleague's answer. How reliable the model finds her once her answers have met those of others
would tell her, rating by rating, whether others agree; that is for the researcher. And a repeat is counted only once
its round is closed: until then she is not to know that a latent came back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annotation.enums import ItemKind, RoundKind, RoundState
from annotation.models import Membership, Rating, RubricItem
from annotation.queries.calibration_result import ComparedAnswer, compared_answers
from annotation.queries.rating_records import newest_revision
from annotation.rules.referenced_items import ReferencedItem, given_answers, referenced_items
from annotation.science.answer_table import OPEN_ALTERNATIVES
from annotation.science.clc_parameters import ClcParameters
from annotation.science.rater_model import error_shape
from annotation.science.rater_prior import RaterPrior, Repeat, rater_prior
from annotation.science.types import CalibrationAnswer, Item, closed_item, open_item, ordinal_item


@dataclass(frozen=True, kw_only=True)
class OwnQuestion:
    """One question of the rubric: how close and how steady she is on it."""

    question: ReferencedItem
    prior: RaterPrior
    """What a study may expect of her from these alone, with n of both."""
    credit: float | None
    """Mean agreement with the panel's reference, 0 to 1; None without a calibration answer."""

    @property
    def calibration(self) -> int:
        return self.prior.n_calibration

    @property
    def repeats(self) -> int:
        return self.prior.n_repeats

    @property
    def matched(self) -> int:
        return self.prior.n_matched

    @property
    def known(self) -> int:
        """Answers of hers that anything is known from."""
        return self.calibration + self.repeats


@dataclass(frozen=True, kw_only=True)
class OwnReliability:
    questions: tuple[OwnQuestion, ...]
    """In the rubric's order; of confidence and free text there is nothing to know."""
    latents_calibrated: int
    latents_repeated: int

    @property
    def known(self) -> bool:
        return bool(self.latents_calibrated or self.latents_repeated)


def own_reliability(membership: Membership) -> OwnReliability:
    """Of an annotator. Up to seven statements."""
    compared: dict[str, list[ComparedAnswer]] = defaultdict(list)
    for answer in compared_answers(membership.study, user=membership.user_id):
        if answer.answer is not None:
            compared[answer.question.key].append(answer)
    pairs = _pairs(membership)
    repeats = _repeats(pairs)
    asked = referenced_items(membership.study.rubric.items.order_by("position"))
    return OwnReliability(
        questions=tuple(_question(one, compared[one.key], repeats[one.key]) for one in asked),
        latents_calibrated=len({answer.latent for given in compared.values() for answer in given}),
        latents_repeated=len(pairs),
    )


def _question(asked: ReferencedItem, compared: list[ComparedAnswer], matches: list[bool]) -> OwnQuestion:
    chance = chance_match(asked)
    known = [
        CalibrationAnswer(
            rater="",
            latent=str(answer.latent),
            reference_share=min(1.0, answer.share),
            n_classes=answer.question.classes(answer.reference.distribution),
        )
        for answer in compared
    ]
    return OwnQuestion(
        question=asked,
        prior=rater_prior(known, [Repeat(matched, chance) for matched in matches], ClcParameters()),
        credit=sum(answer.credit for answer in compared) / len(compared) if compared else None,
    )


def chance_match(asked: ReferencedItem) -> float:
    """How likely two independent wrong answers are the same one. On concepts over as many as the model spreads them."""
    item = _item(asked)
    return float((error_shape(item) ** 2).sum(axis=1).mean()) if item.classes else 1.0 / OPEN_ALTERNATIVES


def _item(asked: ReferencedItem) -> Item:
    if asked.is_concept:
        return open_item()
    options = [value for value, _ in asked.options]
    return ordinal_item(options) if asked.kind == ItemKind.ORDINAL else closed_item(options)


def _pairs(membership: Membership) -> list[tuple[Rating, Rating]]:
    """Her first rating of a latent with that of its retest, where both rounds are closed."""
    own = Rating.objects.filter(newest_revision(), rater=membership.user_id, study=membership.study_id)
    own = own.filter(round__state=RoundState.CLOSED).select_related("concept", "round")
    again = {(one.latent_id, one.round.repeats_id): one for one in own.filter(round__kind=RoundKind.RETEST)}
    latents = {latent for latent, _ in again}
    first = own.filter(latent__in=latents).exclude(round__kind=RoundKind.RETEST).order_by("latent", "pk")
    return [(one, again[one.latent_id, one.round_id]) for one in first if (one.latent_id, one.round_id) in again]


def _repeats(pairs: Iterable[tuple[Rating, Rating]]) -> Mapping[str, list[bool]]:
    """By question, whether each repeat said the same. "Cannot tell" is no answer and makes no pair."""
    pairs = list(pairs)
    versions = {rating.round.rubric_id for pair in pairs for rating in pair}
    items: dict[int, list[RubricItem]] = defaultdict(list)
    for item in RubricItem.objects.filter(version__in=versions).order_by("position"):
        items[item.version_id].append(item)
    questions = {version: referenced_items(of_version) for version, of_version in items.items()}
    matches: dict[str, list[bool]] = defaultdict(list)
    for before, after in pairs:
        first, second = (_given(rating, questions[rating.round.rubric_id]) for rating in (before, after))
        for key, answer in first.items():
            if answer is not None and second.get(key) is not None:
                matches[key].append(answer == second[key])
    return matches


def _given(rating: Rating, questions: tuple[ReferencedItem, ...]) -> dict[str, str | None]:
    concept = rating.concept.name if rating.concept else ""
    return given_answers(questions, outcome=rating.outcome, concept=concept, values=rating.answers)
