"""Which ratings a new rubric version may have asked for again, and what that asks of people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from annotation.enums import ItemKind, LatentState, Outcome, Role
from annotation.models import Rating, RubricItem, RubricVersion, Study
from annotation.queries.counted_ratings import counted_ratings
from annotation.queries.work_cost import Pace, study_pace
from annotation.rules.conditions import is_asked
from annotation.rules.described_rubric import described
from annotation.rules.membership import active
from annotation.rules.rubric_diff import rubric_diff
from annotation.transitions import DECIDED_STATES


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What the researcher chose."""

    what: Literal["touched", "states", "none"]
    """Those that the changes touch; all on latents in these states; none."""
    states: frozenset[LatentState] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Cost:
    ratings: int
    raters: int
    latents: int
    seconds: float
    """All ratings together, at the study's pace."""
    money: Decimal | None
    """At the study's rate; None where it pays none."""


@dataclass(frozen=True, kw_only=True)
class AskingAgain:
    touched: Cost
    by_state: tuple[tuple[LatentState, Cost], ...]
    """In the order of a latent's life; states without such ratings are left out."""
    pace: Pace


def asking_again(study: Study, version: RubricVersion) -> AskingAgain:
    """What each choice would cost."""
    ratings = _askable(study, version)
    touched = _touched(ratings, version)
    pace = study_pace(study)
    by_state = {state: [rating for rating in ratings if rating.latent.state == state] for state in LatentState}
    return AskingAgain(
        touched=_cost(touched, pace),
        by_state=tuple((state, _cost(some, pace)) for state, some in by_state.items() if some),
        pace=pace,
    )


def ratings_to_ask(study: Study, version: RubricVersion, ask: Ask) -> list[Rating]:
    """One a latent and rater."""
    if ask.what == "none":
        return []
    ratings = _askable(study, version)
    if ask.what == "touched":
        return _touched(ratings, version)
    return [rating for rating in ratings if rating.latent.state in ask.states]


def _askable(study: Study, version: RubricVersion) -> list[Rating]:
    """Counted ratings to other versions, on undecided latents, of people who still rate: as actions.asking_again takes.

    Of a rating and its repeats the first.
    """
    raters = active(study).filter(role=Role.ANNOTATOR).values("user")
    found = (
        counted_ratings(study)
        .filter(rater__in=raters)
        .exclude(latent__state__in=DECIDED_STATES)
        .exclude(round__rubric=version)
        .select_related("latent", "round")
        .order_by("latent__position", "rater", "round", "-revision")
    )
    first: dict[tuple[int, int], Rating] = {}
    for rating in found:
        first.setdefault((rating.latent_id, rating.rater_id), rating)
    return list(first.values())


def _touched(ratings: Sequence[Rating], version: RubricVersion) -> list[Rating]:
    """Those whose answers may not be what would be answered under the version."""
    after = described(version)
    items = {item.key: item for item in after.rows(version)}
    older = RubricVersion.objects.filter(pk__in={rating.round.rubric_id for rating in ratings})
    changed = {
        before.pk: [items[change.key] for change in rubric_diff(described(before), after).touched] for before in older
    }
    return [rating for rating in ratings if any(_concerns(item, rating) for item in changed[rating.round.rubric_id])]


def _concerns(item: RubricItem, rating: Rating) -> bool:
    """Who could not tell, or found it not clinical, answered nothing but the question for the concept."""
    if rating.outcome != Outcome.ANSWERED or item.kind == ItemKind.CONCEPT:
        return item.kind == ItemKind.CONCEPT
    return item.key in rating.answers or is_asked(item, rating.answers)


def _cost(ratings: Iterable[Rating], pace: Pace) -> Cost:
    asked = list(ratings)
    return Cost(
        ratings=len(asked),
        raters=len({rating.rater_id for rating in asked}),
        latents=len({rating.latent_id for rating in asked}),
        seconds=len(asked) * pace.seconds,
        money=pace.money(len(asked)),
    )
