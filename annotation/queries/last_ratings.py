"""What a rater said last, so that she can look at it again and revise it until the round closes."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from annotation.enums import ItemKind, Outcome, RoundKind, RoundState, SlotState
from annotation.models import Rating, Slot, Study, User
from annotation.queries.frozen_rubric import frozen_items
from annotation.queries.own_words import concept_written, second_concept_written
from annotation.rules.blinding import first_answer_visible
from annotation.rules.evidence import FIT
from annotation.rules.refusal import NotYours

SHOWN = 10
NONE_SUCH = "There is no such rating among your last ones."


@dataclass(frozen=True, kw_only=True)
class LastRating:
    rating: int
    label: str
    """The concept, or what she answered instead."""
    second: str
    given_at: datetime
    """When she said so last."""
    round: int
    revisions: int
    """How often she changed it."""
    open: bool
    """It can be revised: its round is open."""


def last_ten(user: User, study: Study) -> tuple[LastRating, ...]:
    """Newest first, each as it stands now. One statement.

    Those of latents that she has before her or rated once more are left out (rules.blinding.first_answer_visible).
    """
    ratings = _standing(user, study).select_related("round", "concept", "second_concept").order_by("-pk")
    # What is left out has a newer rating of the same latent beside it, or is before her: three in four at the most.
    visible = [rating for rating in ratings[: 4 * SHOWN] if _visible(rating)]
    return tuple(_row(rating) for rating in visible[:SHOWN])


def own_ratings(user: User, study: Study) -> QuerySet[Any]:
    """Her ratings as they stand, in no order; ask `may_be_shown` of each before it is."""
    return _standing(user, study).select_related("round", "concept", "second_concept")


def may_be_shown(rating: Any) -> bool:
    """Of a row of `own_ratings` (rules.blinding.first_answer_visible)."""
    return _visible(rating)


def own_rating(pk: int, *, user: User, study: Study) -> Rating:
    """The newest revision of this rating of hers. Raises NotYours if it is none of those that the list may show."""
    asked = Rating.objects.filter(pk=pk, rater=user, study=study).first()
    if asked is not None:
        same = _standing(user, study).filter(latent=asked.latent_id, round=asked.round_id)
        newest = same.select_related("round", "concept", "second_concept").first()
        if newest is not None and _visible(newest):
            return newest
    raise NotYours(NONE_SUCH)


def _standing(user: User, study: Study) -> QuerySet[Any]:
    """Her ratings as they stand, calibration left out, with the facts that `first_answer_visible` asks for."""
    own = Rating.objects.filter(latent=OuterRef("latent"), rater=OuterRef("rater"))
    newest = own.filter(round=OuterRef("round")).order_by("-revision").values("revision")[:1]
    later = own.filter(round__gt=OuterRef("round"))
    in_hand = Slot.objects.filter(latent=OuterRef("latent"), rater=OuterRef("rater"), state=SlotState.LEASED)
    return (
        Rating.objects.filter(study=study, rater=user, revision=Subquery(newest))
        .exclude(round__kind=RoundKind.CALIBRATION)
        .annotate(answered_again=Exists(later), before_her_again=Exists(in_hand.exclude(round=OuterRef("round"))))
    )


def _visible(rating: Any) -> bool:
    return first_answer_visible(before_her_again=rating.before_her_again, answered_again=rating.answered_again)


def _row(rating: Rating) -> LastRating:
    return LastRating(
        rating=rating.pk,
        label=concept_written(rating) or Outcome(rating.outcome).label,
        second=second_concept_written(rating),
        given_at=rating.submitted_at,
        round=rating.round.number,
        revisions=rating.revision - 1,
        open=rating.round.state == RoundState.OPEN,
    )


def entered(rating: Rating) -> dict[str, Any]:
    """The rating as its form holds it: answers by item key, marks flat beside them, as a draft keeps them."""
    concepts = [item.key for item in frozen_items(rating.round_id) if item.kind == ItemKind.CONCEPT]
    return {
        **rating.answers,
        **dict.fromkeys(concepts, concept_written(rating)),
        **{f"{FIT}{snippet}": fit for snippet, fit in rating.fits.items()},
        "outcome": rating.outcome,
        "rationale": rating.rationale,
        "evidence": json.dumps(rating.evidence),
        "second_concept": second_concept_written(rating),
    }
