"""How far a rater is in a round: what she has rated, and what can still come to her."""

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Q, QuerySet

from annotation.enums import Role, RoundState, SlotState
from annotation.models import Membership, Rating, Reference, Round, Slot, Study, User

REMEMBERED_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class RatingProgress:
    done: int
    total: int
    """Rated, in her hands, and free for her. Colleagues take places too, so that it may shrink."""

    @property
    def current(self) -> int:
        """Which one she is at."""
        return self.done + 1


def rating_progress(*, round_: Round, user: User) -> RatingProgress:
    """Of a rater who holds a latent of this round. The total walks all free places: it is remembered a while."""
    done = Rating.objects.filter(round=round_, rater=user, revision=1).count()
    key = f"reach:{round_.pk}:{user.pk}:{round_.opened_at.timestamp() if round_.opened_at else 0:.0f}"
    total = cache.get(key)
    if total is None:
        free = places_for(user=user, study=round_.study).filter(round=round_, state=SlotState.OPEN)
        total = done + 1 + free.values("latent").distinct().count()
        cache.set(key, total, timeout=REMEMBERED_SECONDS)
    return RatingProgress(done=done, total=max(total, done + 1))


@dataclass(frozen=True, kw_only=True)
class Afterwards:
    """Why there is nothing for a rater now, and what comes next."""

    rated: int
    """Latents that she has rated in the study."""
    rounds: int
    open_rounds: int
    in_other_hands: int
    """Latents held by colleagues that come back to her if they let the time run out."""


def afterwards(*, study: Study, user: User) -> Afterwards:
    states = list(study.rounds.values_list("state", flat=True))
    held = places_for(user=user, study=study).filter(round__state=RoundState.OPEN, state=SlotState.LEASED)
    return Afterwards(
        rated=Rating.objects.filter(study=study, rater=user).values("latent").distinct().count(),
        rounds=len(states),
        open_rounds=states.count(RoundState.OPEN),
        in_other_hands=held.values("latent").distinct().count(),
    )


def places_for(*, user: User, study: Study) -> QuerySet[Slot]:
    """The study's places on latents that the rater has not had yet, as far as her institution may take them.

    The same conditions as in actions.claiming, which hands them out.
    """
    mine = Membership.objects.filter(study=study, user=user, role=Role.ANNOTATOR).values("institution")
    return (
        Slot.objects.filter(round__study=study)
        .filter(Q(institution=None) | Q(institution__in=mine))
        .exclude(latent__in=Slot.objects.filter(rater=user, round__study=study).values("latent"))
        .exclude(latent__in=Rating.objects.filter(rater=user, study=study).values("latent"))
        .exclude(latent__in=Reference.objects.filter(set_by=user).values("latent"))
        .exclude(latent__case__decision__adjudicator=user)
    )
