"""Takes a rating: once per form, whatever the network does, and never loses one that comes late."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower

from annotation.actions import audit
from annotation.actions.calibrating import judge, lock_before_judging
from annotation.actions.recomputing import recompute_soon
from annotation.actions.retests import lay_retest
from annotation.actions.tickets import Ticket
from annotation.enums import AuditVerb, Outcome, Role, SlotState
from annotation.models import Concept, Decision, Draft, Membership, Rating, Round, Slot, Study, User
from annotation.models.prepared import prepared
from annotation.queries.frozen_rubric import frozen_items
from annotation.queries.shown_snippets import shown_lengths
from annotation.rules.answers import Answers, Incomplete, check_answers
from annotation.rules.evidence import SAME_MEANING, Marks, check_marks
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused
from annotation.rules.states import check_round_open

NO_MARKS = Marks()


@transaction.atomic
def submit_rating(
    *,
    ticket: Ticket,
    raw: Mapping[str, Any],
    marks: Marks = NO_MARKS,
    active_seconds: float | None,
    by: User,
    now: datetime,
) -> Rating:
    """Store the rating and free the rater for the next. The same ticket again returns the rating that it stored.

    raw: what the rubric asks, by item key. A ticket whose lease ran out still counts: in its place if that is free,
    otherwise as surplus (slot None). Raises Refused (Incomplete with a sentence a field) and then stores nothing.
    """
    # The slot first: whoever closes the round deletes free slots, and this waits for it before it reads the round.
    slot = next(iter(_slot(ticket.slot)), None)
    (round_,) = _round(ticket.round)
    membership = check_role(by, round_.study, Role.ANNOTATOR)
    before = _before(by.pk, ticket.token, ticket.latent, round_.pk)
    if stored := next((rating for rating in before if rating.submit_token == ticket.token), None):
        return stored
    check_round_open(round_)
    if before:
        raise Refused("You have rated this latent already. Your first rating is kept; the next latent is waiting.")
    if _decisions(ticket.latent, by.pk):
        raise Refused("You decided the case of this latent, so that you cannot rate it as well.")
    answers = check_answers(frozen_items(round_.pk), raw)
    check_marks(marks, shown=shown_lengths(ticket.latent, marks.snippets))
    rating = _store(round_, ticket, _place(slot, ticket, by), membership, answers, marks, active_seconds, by, now)
    Draft.objects.filter(round=round_, latent=ticket.latent, rater=by).delete()
    lay_retest(rating=rating, now=now)
    if round_.calibration_set is not None:
        lock_before_judging(membership)
    audit.record(AuditVerb.RATING_SUBMITTED, rating, by=by, now=now, study=round_.study, surplus=rating.slot_id is None)
    if round_.calibration_set is not None:
        judge(study=round_.study, membership=membership, set_number=round_.calibration_set, now=now)
    recompute_soon(study_id=round_.study_id)
    return rating


@prepared
def _slot(pk: int) -> QuerySet[Slot]:
    return Slot.objects.select_for_update(no_key=True).filter(pk=pk)


@prepared
def _held(round_: int, latent: int, rater: int) -> QuerySet[Slot]:
    return Slot.objects.select_for_update(no_key=True).filter(round=round_, latent=latent, rater=rater)


@prepared
def _round(pk: int) -> QuerySet[Round]:
    return Round.objects.select_related("study").filter(pk=pk)


@prepared
def _before(rater: int, token: UUID, latent: int, round_: int) -> QuerySet[Rating]:
    """What this form stored, or another form of hers on the same latent."""
    return Rating.objects.filter(Q(submit_token=token) | Q(latent=latent, round=round_), rater=rater)


@prepared
def _decisions(latent: int, adjudicator: int) -> QuerySet[Decision]:
    return Decision.objects.filter(case__latent=latent, adjudicator=adjudicator)


def _place(slot: Slot | None, ticket: Ticket, by: User) -> Slot | None:
    """The slot, marked as rated, if it is the rater's or free again; None if it went to someone else.

    Where another window of hers was handed another place on the same latent meanwhile, that one is taken.
    """
    held = _held(ticket.round, ticket.latent, by.pk)
    slot = held[0] if held else slot
    if slot is None or slot.state == SlotState.SUBMITTED or slot.rater_id not in (by.pk, None):
        return None
    if slot.reserved_for_id not in (by.pk, None):  # Given to a colleague while her time had run out.
        return None
    slot.state, slot.rater, slot.lease_token, slot.lease_expires_at = SlotState.SUBMITTED, by, None, None
    slot.save(update_fields=["state", "rater", "lease_token", "lease_expires_at"])
    return slot


def _store(
    round_: Round,
    ticket: Ticket,
    slot: Slot | None,
    membership: Membership,
    answers: Answers,
    marks: Marks,
    active_seconds: float | None,
    by: User,
    now: datetime,
) -> Rating:
    if membership.institution is None:
        raise Refused("Your membership names no institution. Ask the study's researcher to add it.")
    concept, second = concepts_of(answers, marks, study=round_.study, by=by, now=now)
    return Rating.objects.create(
        study=round_.study,
        latent_id=ticket.latent,
        round=round_,
        rater=by,
        institution=membership.institution,
        slot=slot,
        submit_token=ticket.token,
        outcome=answers.outcome,
        concept=concept,
        concept_written=answers.concept if concept else "",
        answers=answers.values,
        second_concept=second,
        second_concept_written=marks.second_concept if second else "",
        rationale=answers.rationale,
        evidence=marks.evidence_rows,
        fits=marks.fit_rows,
        active_seconds=active_seconds,
        submitted_at=now,
    )


def concepts_of(
    answers: Answers, marks: Marks, *, study: Study, by: User, now: datetime
) -> tuple[Concept | None, Concept | None]:
    """The first and the second meaning; neither where she did not answer. Raises Incomplete if they are one concept."""
    if answers.outcome != Outcome.ANSWERED:
        return None, None
    wanted = [name for name in (answers.concept, marks.second_concept) if name]
    found = find_or_add_concepts(study=study, names=wanted, by=by, now=now)
    if len(set(found)) < len(found):
        raise Incomplete(SAME_MEANING)
    first, second = (*found, None)[:2]
    return first, second


def find_or_add_concepts(*, study: Study, names: Sequence[str], by: User, now: datetime) -> list[Concept]:
    """The study's concepts of these names, in order, whatever their case; a new one is the rater's own.

    The same statements whether a colleague wrote them before or not: neither words nor time tell her so.
    """
    # In one order for all: two raters with the same two new terms would otherwise wait for each other.
    new = [Concept(study=study, name=name, created_by=by, created_at=now) for name in sorted(names, key=str.lower)]
    Concept.objects.bulk_create(new, ignore_conflicts=True)
    return [study.concepts.annotate(small=Lower("name")).get(small=Lower(Value(name))) for name in names]
