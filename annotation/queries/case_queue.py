"""The cases of a study as one person may see them: what waits for her, what another must decide, what is decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from annotation.enums import CaseKind, CaseState, Role
from annotation.models import Case, Decision, Study, User
from annotation.queries.case_conflicts import conflicted_latents
from annotation.queries.sight import Onlooker, onlooker


class Standing(Enum):
    """How a case stands to the person who looks at the queue."""

    WAITS = "waits"
    """Open, and she may decide it if she adjudicates."""
    DEFERRED = "deferred"
    """Open, put off until a day that is still to come."""
    ELSEWHERE = "elsewhere"
    """Open, and with another adjudicator."""
    OWN = "own"
    """Open, and she rated the latent herself or set its reference: another adjudicator decides."""
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
    """Raters who gave one on the latent."""
    decision: Decision | None
    """The one that counts; None while it is open."""
    own: bool
    """She signed that decision."""
    second_asked: bool
    """Decided, and a second opinion has been asked for that is not in yet."""

    @property
    def pk(self) -> int:
        return self.case.pk


def case_queue(*, study: Study, user: User, roles: Iterable[Role], now: datetime) -> tuple[QueuedCase, ...]:
    """Open cases that she may read first, the oldest at the top; then other open ones; then the decided, newest first.

    A second opinion or a repeat is among them for her alone whom it asks, like any other case.
    The number of statements does not depend on the number of cases.
    """
    held = frozenset(roles)
    viewer = onlooker(user, held, study)
    touched = conflicted_latents(user, study)
    queued = [_queued(case, viewer, touched, user, now) for case in _cases(study, user, held)]
    by_standing = {standing: [one for one in queued if one.standing == standing] for standing in Standing}
    by_standing[Standing.DECIDED].sort(key=_decided_at, reverse=True)
    by_standing[Standing.DEFERRED].sort(key=lambda one: (one.case.deferred_until or now, one.pk))
    return tuple(one for standing in Standing for one in by_standing[standing])


def _cases(study: Study, user: User, roles: frozenset[Role]) -> QuerySet[Case]:
    hers = Q(kind=CaseKind.FIRST)
    if Role.ADJUDICATOR in roles:
        hers |= Q(asks=user.pk)
    second = Case.everything.filter(kind=CaseKind.SECOND, state=CaseState.OPEN, beside__case=OuterRef("pk"))
    in_force = Decision.objects.filter(superseded_by=None).select_related("concept")
    return (
        Case.everything.filter(hers, study=study)
        .select_related("latent")
        .annotate(opinions=Count("latent__ratings__rater", distinct=True), second_asked=Exists(second))
        .prefetch_related(Prefetch("decisions", queryset=in_force, to_attr="in_force"))
        .order_by("opened_at", "pk")
    )


def _queued(case: Case, viewer: Onlooker, touched: frozenset[int], user: User, now: datetime) -> QueuedCase:
    visible = viewer.sight(case.latent).ratings
    extra = vars(case)
    decision = next(iter(extra["in_force"]), None)
    return QueuedCase(
        case=case,
        standing=_standing(case, visible, case.latent_id in touched, user, now),
        visible=visible,
        opinions=extra["opinions"],
        decision=decision,
        own=decision is not None and decision.adjudicator_id == user.pk,
        second_asked=extra["second_asked"],
    )


def _standing(case: Case, visible: bool, touched: bool, user: User, now: datetime) -> Standing:
    if case.state == CaseState.DECIDED:
        return Standing.DECIDED
    if touched:
        return Standing.OWN
    if not visible:
        return Standing.LATER
    if case.state == CaseState.GIVEN_BACK or case.asks_id not in (None, user.pk):
        return Standing.ELSEWHERE
    if case.deferred_until and case.deferred_until > now:
        return Standing.DEFERRED
    return Standing.WAITS


def _decided_at(entry: QueuedCase) -> tuple[datetime, int]:
    assert entry.decision is not None  # A trigger: no case is decided without one.
    return entry.decision.decided_at, entry.pk
