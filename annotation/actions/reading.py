"""Blinded readings: hands a reader a rationale with twenty held-out snippets, and takes her judgements."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from annotation.actions import audit
from annotation.actions.reading_tickets import ReadingTicket
from annotation.actions.recomputing import recompute_soon
from annotation.enums import AuditVerb, Role, RoundState, SlotState, SnippetKind
from annotation.models import Draft, Membership, Reading, ReadingSlot, Snippet, Study, User
from annotation.queries.calibration_standing import calibration_standing
from annotation.queries.reading_candidates import held_out
from annotation.rules.answers import Incomplete
from annotation.rules.membership import check_role
from annotation.rules.reading_blindness import MAY_READ_NOW
from annotation.rules.refusal import Refused
from annotation.science.reading_trial import balanced_accuracy, draw_trial, trial_seed
from annotation.science.types import Undefined

TRIES = 5

CLAIM = f"""
UPDATE annotation_readingslot SET state = 'leased', reader_id = %(reader)s, lease_token = gen_random_uuid(),
    lease_expires_at = %(expires)s
WHERE id = (
    SELECT s.id FROM annotation_readingslot s
    JOIN annotation_round o ON o.id = s.round_id AND o.study_id = %(study)s AND o.state = 'open'
    JOIN annotation_rating r ON r.id = s.rating_id
    JOIN annotation_sampledlatent l ON l.id = r.latent_id
    JOIN annotation_membership m ON m.id = %(membership)s
    WHERE s.state = 'open' AND NOT s.id = ANY(%(without)s) AND {MAY_READ_NOW}
    ORDER BY s.turn, s.id
    FOR UPDATE OF s SKIP LOCKED
    LIMIT 1
)
RETURNING id
"""


def claim_reading(*, study: Study, by: User, now: datetime) -> ReadingSlot | None:
    """The place that she holds, or the next one for her, or None.

    A rationale is handed to nobody who rated its latent or may yet rate it. A snippet that has been hidden since is
    replaced. Raises Refused for people who do not rate in the study, and before the calibration is passed.
    """
    membership = check_role(by, study, Role.ANNOTATOR)
    if calibration_standing(membership).blocks:
        raise Refused("Readings are open to you once you have passed the calibration.")
    release_expired_readings(study_id=study.pk, now=now)
    expires = now + timedelta(minutes=settings.LEASE_MINUTES)
    without: list[int] = []
    for _ in range(TRIES):
        with transaction.atomic():
            _one_window_at_a_time(by)
            slot = _held(study, by, expires) or _take(study, membership, without, expires)
            if slot is None:
                return None
            if _whole(slot, study):
                return slot
            without.append(slot.pk)
            _free(slot)
    return None


def _one_window_at_a_time(by: User) -> None:
    """The lock that the triggers take, too: a place to rate and a place to read never cross."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('consilium rater', %s))", [by.pk])


def _held(study: Study, by: User, expires: datetime) -> ReadingSlot | None:
    held = ReadingSlot.objects.select_for_update(of=("self",)).filter(
        round__study=study, round__state=RoundState.OPEN, reader=by, state=SlotState.LEASED
    )
    slot = held.order_by("pk").first()
    if slot is not None:
        slot.lease_expires_at = expires
        slot.save(update_fields=["lease_expires_at"])
    return slot


def _take(study: Study, membership: Membership, without: list[int], expires: datetime) -> ReadingSlot | None:
    parameters: dict[str, Any] = {
        "study": study.pk,
        "reader": membership.user_id,
        "membership": membership.pk,
        "without": without,
        "expires": expires,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, parameters)
        row = cursor.fetchone()
    return ReadingSlot.objects.get(pk=row[0]) if row else None


def _whole(slot: ReadingSlot, study: Study) -> bool:
    """Whether all of its snippets may be shown, after new ones were drawn for those that may not."""
    usable = held_out(slot.rating.latent.latent_id)
    if {one.snippet for one in usable} >= set(slot.snippets):
        return True
    trial = draw_trial(usable, seed=trial_seed(study.seed, slot.rating_id))
    if isinstance(trial, Undefined):
        return False
    slot.snippets = list(trial)
    slot.save(update_fields=["snippets"])
    return True


def _free(slot: ReadingSlot) -> None:
    ReadingSlot.objects.filter(pk=slot.pk).update(
        state=SlotState.OPEN, reader=None, lease_token=None, lease_expires_at=None
    )


def release_expired_readings(*, study_id: int, now: datetime) -> int:
    """Make places free whose lease has run out. Drafts stay, and a late reading is kept while its place is free."""
    late = ReadingSlot.objects.filter(
        round__study=study_id, state=SlotState.LEASED, lease_expires_at__lt=now
    ).select_for_update(of=("self",), skip_locked=True)
    with transaction.atomic():
        found = list(late.values_list("pk", flat=True))
        return ReadingSlot.objects.filter(pk__in=found).update(
            state=SlotState.OPEN, reader=None, lease_token=None, lease_expires_at=None
        )


@transaction.atomic
def submit_reading(
    *,
    ticket: ReadingTicket,
    judgements: Mapping[int, bool],
    active_seconds: float | None,
    by: User,
    now: datetime,
) -> Reading:
    """Store the judgements (by snippet: whether it should fire). The same ticket again returns what it stored.

    Raises Incomplete while a snippet has no judgement, Refused where the place went to someone else or the round is
    closed.
    """
    slot = ReadingSlot.objects.select_for_update(of=("self",)).filter(pk=ticket.slot).first()
    stored = Reading.objects.filter(submit_token=ticket.token, reader=by).first()
    if stored:
        return stored
    if slot is None or slot.round.state != RoundState.OPEN:
        raise Refused("This round is closed: no more readings are taken. Thank you for your part in it.")
    membership = check_role(by, slot.round.study, Role.ANNOTATOR)
    if membership.institution is None:
        raise Refused("Your membership names no institution. Ask the study's researcher to add it.")
    if slot.state == SlotState.SUBMITTED or slot.reader_id not in (by.pk, None):
        raise Refused("The time reserved for this rationale had run out, and a colleague has read it meanwhile.")
    _check_complete(ticket, judgements)
    _mark_read(slot, ticket, by)
    reading = Reading.objects.create(
        study=slot.round.study,
        slot=slot,
        rating=slot.rating,
        reader=by,
        institution=membership.institution,
        judgements={str(snippet): said for snippet, said in judgements.items()},
        balanced_accuracy=balanced_accuracy(judgements, _fires(ticket.snippets)),
        submit_token=ticket.token,
        active_seconds=active_seconds,
        submitted_at=now,
    )
    Draft.objects.filter(round=slot.round, latent=slot.rating.latent, rater=by).delete()
    audit.record(AuditVerb.READING_SUBMITTED, reading, by=by, now=now, study=slot.round.study)
    recompute_soon(study_id=slot.round.study_id)
    return reading


def _mark_read(slot: ReadingSlot, ticket: ReadingTicket, by: User) -> None:
    """The place as read, with the snippets that she was shown. Where her lease had run out, it is still free."""
    slot.state, slot.reader, slot.lease_token, slot.lease_expires_at = SlotState.SUBMITTED, by, None, None
    slot.snippets = list(ticket.snippets)
    try:
        with transaction.atomic():
            slot.save(update_fields=["state", "reader", "lease_token", "lease_expires_at", "snippets"])
    except IntegrityError as error:
        raise Refused(
            "The time reserved for this rationale had run out, and you were handed its latent to rate meanwhile."
        ) from error


def _check_complete(ticket: ReadingTicket, judgements: Mapping[int, bool]) -> None:
    if strange := set(judgements) - set(ticket.snippets):
        raise Refused(f"{len(strange)} of these snippets were not shown to you. Open the page again.")
    open_ones = [place for place, snippet in enumerate(ticket.snippets, start=1) if snippet not in judgements]
    if open_ones:
        raise Incomplete(
            {f"snippet-{ticket.snippets[place - 1]}": f"Snippet {place} has no answer yet." for place in open_ones}
        )


def _fires(snippets: tuple[int, ...]) -> dict[int, bool]:
    kinds = Snippet.objects.filter(pk__in=snippets).values_list("pk", "kind")
    return {pk: kind == SnippetKind.HELD_OUT for pk, kind in kinds}
