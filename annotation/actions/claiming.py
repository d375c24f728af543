"""Hands a rater her next latent: one statement, no count-then-lock (docs/adr/0004-slots.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from annotation.actions.calibrating import lay_places
from annotation.actions.claim_statement import CLAIM
from annotation.enums import Role, RoundKind, RoundState, SlotState
from annotation.models import Membership, Round, Slot, Study, User
from annotation.models.prepared import prepared
from annotation.queries.calibration_standing import calibration_standing
from annotation.rules.calibration import CalibrationState
from annotation.rules.handing_out import FIRST_LOOK, REPEATING
from annotation.rules.membership import active, check_role
from annotation.rules.next_task import TaskStanding, next_kinds
from annotation.rules.turns import turn

TRIES = 20
WIDTH = 16
"""Of so many next free places a rater takes one."""
SPARE_PER_RATER = 2
"""Latents are handed out ahead only where each rater of the study could still have so many."""

COLUMNS = [field.attname for field in Slot._meta.concrete_fields]
STATEMENT = CLAIM.format(columns=", ".join(f"taken.{column}" for column in COLUMNS))


def claim(*, study: Study, by: User, now: datetime) -> Slot | None:
    """The rater's live slot if she holds one, or the next one for her, or None if nothing is left for her.

    Two windows of hers are handed the same latent. Leases that ran out are free again. Raises Refused for people who
    do not rate in the study, or do not any more.
    """
    counter = _counter(study, by, now)
    expires = now + timedelta(minutes=settings.LEASE_MINUTES)
    for _ in range(TRIES):
        with transaction.atomic():
            one_window_at_a_time(by)
            slot, contended = _take(counter, expires=expires, held=True)
        if slot is not None:
            return slot
        if not contended and not any(release_expired(round_id=pk, now=now) for pk in counter.rounds):
            break
    return None


def claim_ahead(*, study: Study, by: User, after: Sequence[int], number: int, now: datetime) -> list[Slot]:
    """Up to `number` further latents, for a shorter while, so that the next page is there before she asks for it.

    after: ids of the slots that she has open or ahead, in their order; those of them that are hers are kept for her.
    `claim` later hands out what is ahead in the order in which it came. Nothing is given ahead while calibration is
    due, nor where it would keep a colleague from finding one.
    """
    counter = _counter(study, by, now)
    if counter.calibrating:
        return []
    raters = active(study).filter(role=Role.ANNOTATOR).count()
    spare = SPARE_PER_RATER * raters + number
    given: list[Slot] = []
    with transaction.atomic():
        one_window_at_a_time(by)
        kept = _keep(by, after, now)
        for place in range(kept, kept + number):
            slot, _ = _take(counter, expires=_until(place, now), held=False, spare=spare)
            if slot is None:
                break
            given.append(slot)
    return given


@dataclass(frozen=True, kw_only=True)
class _Counter:
    """What is open to a rater, in the order in which it comes to her."""

    membership: Membership
    rounds: list[int]
    """Every open round of the study."""
    held: list[int]
    """Where she goes on with what she holds: until she has passed the calibration, there alone."""
    reserved: list[int]
    walked: list[int]
    calibrating: bool
    offset: int
    """Where she begins in the shuffled order."""
    now: datetime


def _counter(study: Study, by: User, now: datetime) -> _Counter:
    membership = check_role(by, study, Role.ANNOTATOR)
    calibration = calibration_standing(membership).state
    if calibration == CalibrationState.DUE and lay_places(study=study, membership=membership, now=now) is None:
        calibration = calibration_standing(membership).state  # The last answer had waited to be judged.
    rounds = [(pk, RoundKind(kind)) for pk, kind in _open_rounds(study.pk)]
    open_kinds = {kind: 1 for _, kind in rounds}
    kinds = next_kinds(TaskStanding(calibration=calibration, places=open_kinds))
    due = sorted(((pk, kind) for pk, kind in rounds if kind in kinds), key=lambda one: kinds.index(one[1]))
    calibrating = calibration in (CalibrationState.DUE, CalibrationState.FAILED)
    return _Counter(
        membership=membership,
        rounds=[pk for pk, _ in rounds],
        held=[pk for pk, kind in rounds if kind == RoundKind.CALIBRATION or not calibrating],
        reserved=[pk for pk, kind in due if kind in (*REPEATING, *FIRST_LOOK)],
        walked=[pk for pk, kind in due if kind in FIRST_LOOK],
        calibrating=calibrating,
        offset=turn(study.seed, "offset", by.pk),
        now=now,
    )


@prepared
def _open_rounds(study: int) -> QuerySet[Round, tuple[int, str]]:
    return Round.objects.filter(study=study, state=RoundState.OPEN).order_by("number").values_list("pk", "kind")


def one_window_at_a_time(by: User) -> None:
    """Held until the transaction ends. The triggers that keep raters and readers apart take the same lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('consilium rater', %s))", [by.pk])


def _take(counter: _Counter, *, expires: datetime, held: bool, spare: int = 0) -> tuple[Slot | None, bool]:
    """The slot, and whether there was any that others did not leave her: then it is worth asking again."""
    member = counter.membership
    parameters = {
        "rater": member.user_id,
        "institution": member.institution_id,
        "now": counter.now,
        "expires": expires,
        "open": counter.held,
        "reserved": counter.reserved,
        "repeating": [pk for pk in counter.reserved if pk not in counter.walked],
        "walked": counter.walked,
        "offset": counter.offset,
        "width": max(WIDTH, spare),
        "spare": spare,
        "held": held,
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, parameters)
        found, *values = cursor.fetchone()
    return (Slot.from_db("default", COLUMNS, values) if values[0] is not None else None), bool(found)


def _keep(by: User, after: Sequence[int], now: datetime) -> int:
    """Renew what she has: the first as what she works on, the others as ahead. Returns how many are hers."""
    hers = Slot.objects.filter(pk__in=list(after), rater=by, state=SlotState.LEASED, round__state=RoundState.OPEN)
    found = set(hers.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    kept = [pk for pk in dict.fromkeys(after) if pk in found]
    for place, pk in enumerate(kept):
        Slot.objects.filter(pk=pk).update(lease_expires_at=_until(place, now))
    return len(kept)


def _until(place: int, now: datetime) -> datetime:
    """The end of a lease. A later place ends a second earlier, which keeps them in order (see `near` in CLAIM)."""
    if place == 0:
        return now + timedelta(minutes=settings.LEASE_MINUTES)
    return now + timedelta(minutes=settings.AHEAD_LEASE_MINUTES) - timedelta(seconds=place)


def release_expired(*, round_id: int, now: datetime) -> int:
    """Make places free whose lease has run out. Drafts stay, and a late rating is kept.

    Those that somebody is submitting at this moment are left to her.
    """
    late = Slot.objects.filter(round_id=round_id, state=SlotState.LEASED, lease_expires_at__lt=now)
    with transaction.atomic():
        found = list(late.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True))
        if not found:
            return 0
        return Slot.objects.filter(pk__in=found).update(
            state=SlotState.OPEN, rater=None, lease_token=None, lease_expires_at=None
        )
