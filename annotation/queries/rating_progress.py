"""How far a rater is in a round: what she has rated, and what can still come to her.

A retest goes under the name of the round that it repeats: its latents are counted there, and nothing tells it apart.
"""

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from annotation.enums import Role, RoundKind, RoundState
from annotation.models import Membership, Rating, Round, Study, User
from annotation.models.prepared import prepared
from annotation.queries.reach import Available, available, hers, in_other_hands
from annotation.rules.unannounced import shown_as

REMEMBERED_SECONDS = 120
UNANNOUNCED = (RoundKind.RETEST, RoundKind.READING)
"""Kinds of rounds that a rater is told nothing of when she asks how the study stands."""


@dataclass(frozen=True, kw_only=True)
class RatingProgress:
    done: int
    total: int
    """Rated, in her hands, and free for her. Colleagues take places and give them back, so that it may change."""

    @property
    def current(self) -> int:
        """Which one she is at."""
        return self.done + 1


def rating_progress(*, round_: Round, user: User) -> RatingProgress:
    """Of a rater who holds a latent of this round. The total is remembered a while, the walk over the round for all."""
    shown = shown_as(round_)
    done = sum(_done(shown, user.pk))
    key = f"reach:{shown}:{user.pk}:{round_.opened_at.timestamp() if round_.opened_at else 0:.0f}"
    total = cache.get(key)
    if total is None:
        total = done + max(1, _left(_and_its_retest(shown), round_, user))
        cache.set(key, total, timeout=REMEMBERED_SECONDS)
    return RatingProgress(done=done, total=max(total, done + 1))


def _and_its_retest(shown: int) -> QuerySet[Round]:
    return Round.objects.filter(Q(pk=shown) | Q(repeats=shown, kind=RoundKind.RETEST))


@prepared
def _done(shown: int, rater: int) -> QuerySet[Rating, int]:
    """How many she has rated, round by round."""
    first = Rating.objects.filter(round__in=_and_its_retest(shown), rater=rater, revision=1)
    return first.values("round").annotate(done=Count("pk")).order_by().values_list("done", flat=True)


def _left(rounds: QuerySet[Round], round_: Round, user: User) -> int:
    """Latents of these rounds that she holds or could be handed. Close enough: colleagues are at work meanwhile."""
    member = Membership.objects.get(study=round_.study_id, user=user, role=Role.ANNOTATOR)
    found = list(rounds.values_list("pk", flat=True))
    own = hers([member.pk], found, now=timezone.now())
    places = {pk: _places(pk) for pk in found}
    return sum(places[pk].of(pk, member.institution_id) + her.more for _, pk, her in own)


def _places(round_id: int) -> Available:
    key = f"places:{round_id}"
    found = cache.get(key)
    if found is None:
        found = available([round_id], now=timezone.now())
        cache.set(key, found, timeout=REMEMBERED_SECONDS)
    return found


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
    states = list(study.rounds.exclude(kind__in=UNANNOUNCED).values_list("state", flat=True))
    member = Membership.objects.get(study=study, user=user, role=Role.ANNOTATOR)
    return Afterwards(
        rated=Rating.objects.filter(study=study, rater=user).values("latent").distinct().count(),
        rounds=len(states),
        open_rounds=states.count(RoundState.OPEN),
        in_other_hands=in_other_hands(member),
    )
