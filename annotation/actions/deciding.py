"""Takes an adjudicator's signed decision, and the signed decision that supersedes one."""

from datetime import datetime

from django.db import IntegrityError, transaction

from annotation.actions import audit
from annotation.actions.cases import put_beside
from annotation.actions.rating import find_or_add_concepts
from annotation.actions.signing import Proof, check_proof
from annotation.enums import (
    AuditVerb,
    CaseKind,
    CaseState,
    CaseStepKind,
    DecisionOutcome,
    LatentState,
    Role,
)
from annotation.models import Case, CaseDraft, CaseStep, Decision, Rating, Signature, User
from annotation.queries.case_conflicts import check_no_conflict
from annotation.queries.case_masks import check_not_masked
from annotation.queries.current_decision import current_decision
from annotation.queries.opinions import ratings_before_adjudicator
from annotation.queries.second_adjudicators import check_may_be_asked
from annotation.rules.decision import GivenDecision, Verdict, check_decision, check_reason
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused
from annotation.rules.signing import decision_digest, meaning, ratings_digest
from annotation.rules.states import check_case_decided, check_case_open

STATE_AFTER = {
    DecisionOutcome.CONCEPT: LatentState.DECIDED,
    DecisionOutcome.IRREDUCIBLE: LatentState.IRREDUCIBLE,
    DecisionOutcome.SPLIT: LatentState.SPLIT,
    DecisionOutcome.UNUSABLE: LatentState.UNUSABLE,
}
NOT_AS_SHOWN = (
    "The opinions on this latent changed while the page was open. Read them again before you sign; what you entered is "
    "still here."
)
DECIDED_ANEW = "This decision has been superseded meanwhile. Read the new one; yours was not signed."


@transaction.atomic
def decide_case(
    *,
    case: Case,
    given: GivenDecision,
    proof: Proof,
    by: User,
    now: datetime,
    shown: str = "",
    second: User | None = None,
    second_reason: str = "",
) -> Decision:
    """The adjudicator's signed answer. Ratings and consensus stay as they are, beside it.

    shown: digest of the ratings that her page showed; empty where no page did. second: another adjudicator whose
    opinion she asks for as well, blind to hers; then with a reason, which the researcher reads.
    Raises Refused if the case is decided, another's, or about a latent that she rated; Incomplete with a sentence a
    field if something is missing. Nothing is stored then.
    """
    case = _locked(case, by)
    check_case_open(case)
    _check_hers(case, by)
    verdict = check_decision(given)
    reason = ""
    if second is not None:
        check_may_be_asked(second, case=case, by=by, opinion=True)
        reason = check_reason(second_reason, missing="Say why you want a second opinion.")
    decision = _sign(
        case, verdict, proof, by=by, now=now, shown=shown, supersedes=None, rubric=given.rubric_needs_clause
    )
    case.state, case.deferred_until = CaseState.DECIDED, None
    case.save(update_fields=["state", "deferred_until"])
    _give_latent_its_state(case, decision)
    if second is not None:
        _ask_second(case, decision, second, reason, by, now)
    CaseDraft.objects.filter(case=case).delete()
    audit.record(
        AuditVerb.CASE_DECIDED, decision, by=by, now=now, study=case.study, outcome=verdict.outcome, kind=case.kind
    )
    return decision


@transaction.atomic
def supersede_decision(
    *, decision: Decision, given: GivenDecision, proof: Proof, by: User, now: datetime, shown: str = ""
) -> Decision:
    """A new signed decision in the place of `decision`, with the reason; both stay on record.

    Raises Refused if it is no longer the current one, or Incomplete, like `decide_case`.
    """
    case = _locked(decision.case, by)
    check_case_decided(case)
    check_not_masked(case, by)
    _check_hers(case, by, supersedes=True)
    current = current_decision(case)
    if current is None or current.pk != decision.pk:
        raise Refused(DECIDED_ANEW)
    verdict = check_decision(given, supersedes=True)
    new = _sign(case, verdict, proof, by=by, now=now, shown=shown, supersedes=current, rubric=given.rubric_needs_clause)
    _give_latent_its_state(case, new)
    CaseDraft.objects.filter(case=case, adjudicator=by).delete()
    audit.record(
        AuditVerb.DECISION_SUPERSEDED,
        new,
        by=by,
        now=now,
        study=case.study,
        outcome=verdict.outcome,
        superseded=current.pk,
        kind=case.kind,
    )
    return new


def meaning_of(
    case: Case, verdict: Verdict, *, by: User, ratings: list[Rating], supersedes: Decision | None = None
) -> str:
    """The sentences that she reads before she signs, and that her signature keeps."""
    return meaning(
        verdict, name=by.name, case=case.pk, study=case.study.name, opinions=len(ratings), supersedes=supersedes
    )


def _locked(case: Case, by: User) -> Case:
    check_role(by, case.study, Role.ADJUDICATOR)
    rows = Case.everything.select_for_update(of=("self",), no_key=True).select_related("study", "latent__latent")
    return rows.get(pk=case.pk)


def _check_hers(case: Case, by: User, *, supersedes: bool = False) -> None:
    """Sentences for what the database refuses as well."""
    check_no_conflict(case, by)
    if case.asks_id not in (None, by.pk) and not (supersedes and case.kind == CaseKind.FIRST):
        raise Refused("This case is with another adjudicator, who decides it.")


def _sign(
    case: Case,
    verdict: Verdict,
    proof: Proof,
    *,
    by: User,
    now: datetime,
    shown: str,
    supersedes: Decision | None,
    rubric: bool,
) -> Decision:
    check_proof(proof, by=by, now=now)
    ratings = ratings_before_adjudicator(case.latent_id)
    ratings_as_said = ratings_digest(ratings)
    if shown and shown != ratings_as_said:
        raise Refused(NOT_AS_SHOWN)
    words = meaning_of(case, verdict, by=by, ratings=ratings, supersedes=supersedes)
    decision = Decision(
        case=case,
        adjudicator=by,
        outcome=verdict.outcome,
        cause=verdict.cause,
        rubric_needs_clause=rubric,
        clause=verdict.clause,
        rationale=verdict.rationale,
        decided_at=now,
        supersedes=supersedes,
        reason=verdict.reason,
    )
    if verdict.outcome == DecisionOutcome.CONCEPT:
        (decision.concept,) = find_or_add_concepts(study=case.study, names=[verdict.concept], by=by, now=now)
    digest = decision_digest(decision, meaning=words, ratings=ratings_as_said, identity=case.latent.latent.identity)
    try:
        with transaction.atomic():
            decision.signature = Signature.objects.create(
                signed_by=by,
                signed_at=now,
                method=proof.method,
                meaning=words,
                ratings=[rating.pk for rating in ratings],
                ratings_digest=ratings_as_said,
                digest=digest,
            )
            decision.save()
    except IntegrityError as error:
        raise Refused("You have a part in this latent yourself, so that another adjudicator must decide it.") from error
    return decision


def _give_latent_its_state(case: Case, decision: Decision) -> None:
    """The latent follows its own case; what is put beside it changes nothing."""
    if case.kind != CaseKind.FIRST:
        return
    outcome = DecisionOutcome(decision.outcome)
    case.latent.state = STATE_AFTER[outcome]
    case.latent.state_reason = f"Decided by an adjudicator: {outcome.label.lower()}."
    case.latent.save(update_fields=["state", "state_reason"])


def _ask_second(case: Case, decision: Decision, second: User, reason: str, by: User, now: datetime) -> None:
    CaseStep.objects.create(case=case, kind=CaseStepKind.SECOND_ASKED, by=by, at=now, reason=reason, to=second)
    if case.kind == CaseKind.FIRST:  # A repeat only looks like a case: nobody else is asked about it.
        put_beside(decision=decision, kind=CaseKind.SECOND, asks=second, now=now)
