"""The cases of a study as one person may see them: what waits for her, what another must decide, what is decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from django.db.models import Count

from annotation.enums import CaseState, Role
from annotation.models import Case, Slot, Study, User
from annotation.queries.sight import Onlooker, onlooker


class Standing(Enum):
    """How a case stands to the person who looks at the queue."""

    WAITS = "waits"
    """Open, and she may decide it if she adjudicates."""
    OWN = "own"
    """Open, and she rated the latent herself: another adjudicator decides."""
    LATER = "later"
    """Hidden from her while she may still rate in the study, or the latent in another one."""
    DECIDED = "decided"


@dataclass(frozen=True, kw_only=True)
class QueuedCase:
    case: Case
    standing: Standing
    visible: bool
    """Whether she may open it; if not, nothing but its number may be shown."""
    opinions: int
    """Ratings on the latent."""

    @property
    def pk(self) -> int:
        return self.case.pk


def case_queue(*, study: Study, user: User, roles: Iterable[Role]) -> tuple[QueuedCase, ...]:
    """Open cases that she may read first, the oldest at the top; then other open ones; then the decided, newest first.

    The number of statements does not depend on the number of cases.
    """
    viewer = onlooker(user, roles, study)
    touched = conflicts(user, study, viewer)
    cases = (
        Case.objects.filter(study=study)
        .select_related("latent", "decision__concept")
        .annotate(opinions=Count("latent__ratings__rater", distinct=True))
        .order_by("opened_at", "pk")
    )
    queued = [_queued(case, case.opinions, viewer, touched) for case in cases]
    waiting = [entry for entry in queued if entry.standing == Standing.WAITS]
    blocked = [entry for entry in queued if entry.standing in (Standing.OWN, Standing.LATER)]
    decided = [entry for entry in queued if entry.standing == Standing.DECIDED]
    decided.sort(key=lambda entry: entry.case.decision.decided_at, reverse=True)
    return (*waiting, *blocked, *decided)


def conflicts(user: User, study: Study, viewer: Onlooker) -> frozenset[int]:
    """Sampled latents that she rated or holds a place on: the database refuses her decision on them."""
    held = Slot.objects.filter(round__study=study, rater=user).values_list("latent", flat=True)
    return viewer.rated | frozenset(held)


def _queued(case: Case, opinions: int, viewer: Onlooker, touched: frozenset[int]) -> QueuedCase:
    may_look = viewer.sight(case.latent).ratings
    if case.state == CaseState.DECIDED:
        standing = Standing.DECIDED
    elif case.latent_id in touched:
        standing = Standing.OWN
    else:
        standing = Standing.WAITS if may_look else Standing.LATER
    return QueuedCase(case=case, standing=standing, visible=may_look, opinions=opinions)
