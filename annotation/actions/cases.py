"""Opens a case for what stays ambiguous, and takes the adjudicator's decision."""

from datetime import datetime

from django.db import IntegrityError, transaction

from annotation.actions import audit
from annotation.actions.rating import find_or_add_concepts
from annotation.enums import (
    AuditVerb,
    CaseState,
    DecisionOutcome,
    LatentState,
    Role,
)
from annotation.models import Case, Decision, SampledLatent, User
from annotation.rules.decision import check_decision
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused
from annotation.rules.states import check_case_open

STATE_AFTER = {
    DecisionOutcome.CONCEPT: LatentState.DECIDED,
    DecisionOutcome.IRREDUCIBLE: LatentState.IRREDUCIBLE,
    DecisionOutcome.SPLIT: LatentState.SPLIT,
    DecisionOutcome.UNUSABLE: LatentState.UNUSABLE,
}


def open_case(*, latent: SampledLatent, why: str, now: datetime) -> Case:
    """A case for a persistently ambiguous latent; there is at most one."""
    case, created = Case.objects.get_or_create(
        latent=latent, defaults={"study": latent.study, "why": why, "opened_at": now}
    )
    if created:
        audit.record(AuditVerb.CASE_OPENED, case, by=None, now=now, study=latent.study, latent=latent.pk)
    return case


@transaction.atomic
def decide_case(
    *,
    case: Case,
    outcome: str,
    concept: str,
    cause: str,
    rationale: str,
    rubric_needs_clause: bool,
    by: User,
    now: datetime,
) -> Decision:
    """The adjudicator's answer. Ratings and consensus stay as they are, beside it.

    Raises Refused if the case is decided or she rated the latent herself, Incomplete with a sentence a field if
    something is missing.
    """
    check_role(by, case.study, Role.ADJUDICATOR)
    case = Case.objects.select_for_update(of=("self",), no_key=True).select_related("study", "latent").get(pk=case.pk)
    check_case_open(case)
    verdict = check_decision(outcome=outcome, concept=concept, cause=cause, rationale=rationale)
    chosen = None
    if verdict.outcome == DecisionOutcome.CONCEPT:
        (chosen,) = find_or_add_concepts(study=case.study, names=[verdict.concept], by=by, now=now)
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                case=case,
                adjudicator=by,
                outcome=verdict.outcome,
                concept=chosen,
                cause=verdict.cause,
                rationale=verdict.rationale,
                rubric_needs_clause=rubric_needs_clause,
                decided_at=now,
            )
    except IntegrityError as error:
        raise Refused("You rated this latent yourself, so that another adjudicator must decide its case.") from error
    case.state = CaseState.DECIDED
    case.save(update_fields=["state"])
    case.latent.state = STATE_AFTER[verdict.outcome]
    case.latent.state_reason = f"Decided by an adjudicator: {verdict.outcome.label.lower()}."
    case.latent.save(update_fields=["state", "state_reason"])
    audit.record(AuditVerb.CASE_DECIDED, decision, by=by, now=now, study=case.study, outcome=verdict.outcome)
    return decision
