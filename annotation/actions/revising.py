"""Takes a second thought: a new row beside the first, with the reason, until the round closes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction

from annotation.actions import audit
from annotation.actions.claiming import one_window_at_a_time
from annotation.actions.rating import concepts_of
from annotation.actions.recomputing import recompute_soon
from annotation.enums import AuditVerb, Role
from annotation.models import Decision, Draft, Rating, Round, User
from annotation.queries.frozen_rubric import frozen_items
from annotation.queries.last_ratings import own_rating
from annotation.queries.shown_snippets import shown_lengths
from annotation.rules.answers import Answers, Incomplete, check_answers
from annotation.rules.evidence import Marks, check_marks
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused
from annotation.rules.revising import check_reason
from annotation.rules.states import check_round_open

CONTENT = ("outcome", "concept", "second_concept", "answers", "rationale", "evidence", "fits")


class Outdated(Refused):
    """Another revision of hers came first; the message says what to do."""


@transaction.atomic
def revise_rating(
    *,
    rating: Rating,
    raw: Mapping[str, Any],
    marks: Marks,
    reason: str,
    by: User,
    now: datetime,
    active_seconds: float | None = None,
    upon: int | None = None,
) -> Rating:
    """The rating's next revision; results take the newest. The same form again returns the revision that it stored.

    rating: any revision of it. upon: the number of the revision that she read and changes; where another one stands by
    now, Outdated is raised. Raises NotYours for another's rating, one of a calibration, or one of a latent that she
    has before her once more; Refused where the round is closed, where nothing was changed or no reason is given
    (Incomplete with a sentence a field); and then stores nothing.
    """
    check_role(by, rating.study, Role.ANNOTATOR)
    # Whoever closes the round, or revises in another window, takes this lock too.
    rounds = Round.objects.select_for_update(of=("self",), no_key=True).select_related("study")
    round_ = rounds.get(pk=rating.round_id)
    one_window_at_a_time(by)  # Before the terms, as a submit does (actions.audit).
    newest = own_rating(rating.pk, user=by, study=round_.study)
    if upon is not None and newest.revision != upon:
        raise Outdated("You have revised this rating meanwhile. Read it again, and send what you want changed.")
    check_round_open(round_)
    if Decision.objects.filter(case__latent=newest.latent_id, adjudicator=by).exists():
        raise Refused("You decided the case of this latent, so that your rating of it stays as it is.")
    answers = _check_answers(round_, raw, reason)
    check_marks(marks, shown=shown_lengths(newest.latent_id, marks.snippets))
    concept, second = concepts_of(answers, marks, study=round_.study, by=by, now=now)
    revised = Rating(
        study=round_.study,
        latent_id=newest.latent_id,
        round=round_,
        rater=by,
        institution_id=newest.institution_id,
        slot_id=newest.slot_id,
        revision=newest.revision + 1,
        submit_token=uuid4(),
        outcome=answers.outcome,
        concept=concept,
        concept_written=answers.concept if concept else "",
        second_concept=second,
        second_concept_written=marks.second_concept if second else "",
        answers=answers.values,
        rationale=answers.rationale,
        evidence=marks.evidence_rows,
        fits=marks.fit_rows,
        reason=reason.replace("\x00", "").strip(),
        active_seconds=active_seconds,
        submitted_at=now,
    )
    if _says_the_same(revised, newest):
        if newest.revision > 1 and newest.reason == revised.reason:
            return newest
        raise Refused("Nothing is changed, so that nothing was stored. Your rating stands as it was.")
    revised.reason = check_reason(reason)
    revised.save(force_insert=True)
    Draft.objects.filter(round=round_, latent=newest.latent_id, rater=by).delete()
    audit.record(
        AuditVerb.RATING_REVISED, revised, by=by, now=now, study=round_.study, of=newest.pk, revision=revised.revision
    )
    recompute_soon(study_id=round_.study_id)
    return revised


def _check_answers(round_: Round, raw: Mapping[str, Any], reason: str) -> Answers:
    """Everything that is missing is said at once, the reason among it."""
    try:
        return check_answers(frozen_items(round_.pk), raw)
    except Incomplete as error:
        problems = error.problems
    try:
        check_reason(reason)
    except Incomplete as error:
        problems |= error.problems
    raise Incomplete(problems)


def _says_the_same(one: Rating, other: Rating) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in CONTENT)
