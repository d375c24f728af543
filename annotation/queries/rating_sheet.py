"""What a rater has before her: the snippets of one latent, the rubric, her draft. Nothing that anybody else said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from annotation.models import Draft, Round, RubricItem, SampledLatent, Study, User
from annotation.models.prepared import prepared
from annotation.queries.concept_suggestions import Suggestion, own_list
from annotation.queries.frozen_rubric import NotOpened, asked_by, frozen_items
from annotation.queries.rating_pace import seconds_each
from annotation.queries.rating_progress import RatingProgress, rating_progress
from annotation.queries.shown_snippets import SnippetGroup, snippet_groups
from annotation.rules.refusal import Refused


@dataclass(frozen=True, kw_only=True)
class RatingSheet:
    round: Round
    progress: RatingProgress
    seconds_each: int
    """About how long she needs for one."""
    groups: tuple[SnippetGroup, ...]
    scale: float
    """The latent's strongest activation anywhere: drawn strongest, in every snippet alike."""
    items: tuple[RubricItem, ...]
    guidance: str
    suggestions: tuple[Suggestion, ...]
    draft: Draft | None

    @property
    def round_number(self) -> int:
        return self.round.number

    @property
    def pace(self) -> str:
        """Seconds by fives, from a hundred on minutes: as exact as such a promise can be."""
        if self.seconds_each < 100:
            return f"about {max(5, 5 * round(self.seconds_each / 5))} s each"
        return f"about {round(self.seconds_each / 60)} min each"

    @property
    def answers(self) -> dict[str, Any]:
        """What she has entered so far, by item key."""
        return self.draft.answers if self.draft else {}


def rating_sheet(*, round_id: int, latent_id: int, user: User) -> RatingSheet:
    """The sheet of a latent that was handed to this rater. The number of statements does not depend on its length."""
    (round_,) = _round(round_id)
    ((latent, scale),) = _latent(latent_id, round_.study_id)
    drafts = _drafts(round_id, latent_id, user.pk)
    return RatingSheet(
        round=round_,
        progress=rating_progress(round_=round_, user=user),
        seconds_each=seconds_each(round_=round_, user=user),
        groups=snippet_groups(latent, mixed_for=round_.pk),
        scale=scale,
        items=frozen_items(round_id),
        guidance=round_.rubric.guidance,
        suggestions=own_list(round_, user),
        draft=drafts[0] if drafts else None,
    )


def snippets_shown(sampled: Sequence[int]) -> dict[int, list[int]]:
    """The snippets that the sheets of these sampled latents show now, by sampled latent."""
    found = SampledLatent.everything.filter(pk__in=sampled).values_list("pk", "latent_id")
    return {pk: [shown.pk for group in snippet_groups(latent) for shown in group.snippets] for pk, latent in found}


@prepared
def _round(pk: int) -> QuerySet[Round]:
    return Round.objects.select_related("rubric").filter(pk=pk)


@prepared
def _latent(pk: int, study: int) -> QuerySet[SampledLatent, tuple[int, float]]:
    return SampledLatent.everything.filter(pk=pk, study=study).values_list("latent_id", "latent__max_activation")


@prepared
def _drafts(round_: int, latent: int, rater: int) -> QuerySet[Draft]:
    return Draft.objects.filter(round=round_, latent=latent, rater=rater)


def questions(*, round_id: int, study: Study) -> tuple[RubricItem, ...]:
    """The rubric items that a form of this round answers, in order. Raises Refused if it is another study's round."""
    try:
        of_study, _ = asked_by(round_id)
    except NotOpened:
        of_study = None
    if of_study != study.pk:
        raise Refused("This form belongs to another study. Open that study's rating page again.")
    return frozen_items(round_id)
