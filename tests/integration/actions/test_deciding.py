"""Signed decisions: what is kept of a signature, what supersedes what, and what the latent's state makes of it."""

from datetime import timedelta

import pytest

from annotation.actions.case_drafts import save_case_draft
from annotation.actions.deciding import decide_case, supersede_decision
from annotation.actions.signing import NO_PASSWORD, prove_by_password, prove_simulated
from annotation.enums import AuditVerb, LatentState, SignatureMethod
from annotation.models import AuditEvent, Case, CaseDraft, Decision, Signature
from annotation.queries.current_decision import current_decision, current_decisions
from annotation.queries.opinions import ratings_before_adjudicator
from annotation.queries.signature_check import signatures_hold
from annotation.rules.answers import Incomplete
from annotation.rules.refusal import NotYours, Refused
from annotation.rules.signing import ratings_digest
from tests import case_world
from tests.case_world import adjudicator, cases, decide, given, persistent, proof
from tests.world import NOW, World, person

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def case(world: World) -> Case:
    case_world.rated(world)
    return cases(world, 1)[0]


def checked(decision: Decision) -> bool:
    found = Decision.objects.select_related("signature", "concept", "case__latent__latent").get(pk=decision.pk)
    return signatures_hold([found])[found.pk]


def test_a_signature_keeps_meaning_time_method_and_digests(world: World, case: Case) -> None:
    decision = decide(case, world.cora, rubric_needs_clause=True, clause="Name the syndrome.")
    signature = decision.signature
    assert signature.meaning.startswith(
        f"By signing I, Cora, decide case {case.pk} of the study “Hearts”: one concept,"
    )
    assert "“Name the syndrome.”" in signature.meaning
    assert (signature.signed_by, signature.signed_at) == (world.cora, NOW)
    assert signature.method == SignatureMethod.PASSWORD
    assert sorted(signature.ratings) == sorted(case.latent.ratings.values_list("pk", flat=True))
    assert len(signature.digest) == len(signature.ratings_digest) == 64
    assert checked(decision)


def test_whatever_is_changed_afterwards_no_longer_is_what_was_signed(world: World, case: Case) -> None:
    decision = decide(case, world.cora)
    stored = Decision.objects.select_related("signature", "concept", "case__latent__latent").get(pk=decision.pk)
    for name, other in (("rationale", "Another."), ("outcome", "split"), ("reason", "So."), ("clause", "More.")):
        before = getattr(stored, name)
        setattr(stored, name, other)
        assert not signatures_hold([stored])[stored.pk], name
        setattr(stored, name, before)
    for name, other in (("meaning", "I decide otherwise."), ("ratings", []), ("ratings_digest", "0" * 64)):
        before = getattr(stored.signature, name)
        setattr(stored.signature, name, other)
        assert not signatures_hold([stored])[stored.pk], name
        setattr(stored.signature, name, before)
    assert signatures_hold([stored])[stored.pk]


def test_the_digest_of_ratings_says_what_they_say_in_whatever_order(world: World, case: Case) -> None:
    ratings = ratings_before_adjudicator(case.latent_id)
    assert len(ratings) == 2
    assert ratings_digest(ratings) == ratings_digest(reversed(ratings))
    before = ratings_digest(ratings)
    ratings[0].rationale = "Otherwise."
    assert ratings_digest(ratings) != before


def test_opinions_that_changed_since_she_read_them_are_not_signed(world: World, case: Case) -> None:
    with pytest.raises(Refused, match="changed while the page was open"):
        decide_case(case=case, given=given(), proof=proof(world.cora), by=world.cora, now=NOW, shown="0" * 64)
    assert not Decision.objects.exists()
    shown = ratings_digest(ratings_before_adjudicator(case.latent_id))
    decide_case(case=case, given=given(), proof=proof(world.cora), by=world.cora, now=NOW, shown=shown)


def test_nobody_signs_without_her_own_password_given_for_this_very_signature(world: World, case: Case) -> None:
    other = adjudicator(world, "dana")
    for stolen, now in ((proof(other), NOW), (proof(world.cora, NOW - timedelta(minutes=1)), NOW)):
        with pytest.raises(Refused, match="given anew each time"):
            decide_case(case=case, given=given(), proof=stolen, by=world.cora, now=now)
    with pytest.raises(Incomplete, match="not your password"):
        prove_by_password(password="guess", by=world.cora, now=NOW)
    with pytest.raises(Refused, match="none yet") as error:
        prove_by_password(password="", by=person("link only"), now=NOW)
    assert str(error.value) == NO_PASSWORD
    with pytest.raises(Refused, match="marked as simulated"):
        prove_simulated(study=world.study, by=world.cora, now=NOW)
    assert not Signature.objects.exists()


def test_a_new_signed_decision_supersedes_the_old_one_and_the_latent_follows(world: World, case: Case) -> None:
    first = decide(case, world.cora)
    case.latent.refresh_from_db()
    assert case.latent.state == LatentState.DECIDED
    second = supersede_decision(
        decision=first,
        given=given(outcome="irreducible", reason="Two of the snippets were overlooked."),
        proof=proof(world.cora, LATER),
        by=world.cora,
        now=LATER,
    )
    case.latent.refresh_from_db()
    assert case.latent.state == LatentState.IRREDUCIBLE
    assert current_decision(case) == second
    assert list(current_decisions(world.study)) == [second]
    assert (second.supersedes, second.reason) == (first, "Two of the snippets were overlooked.")
    assert "It supersedes the decision of 22 November 2026, 10:42, because: Two of" in second.signature.meaning
    assert checked(first)
    assert checked(second)
    verbs = AuditEvent.objects.filter(study=world.study.pk).values_list("verb", flat=True)
    assert {AuditVerb.CASE_DECIDED, AuditVerb.DECISION_SUPERSEDED} <= set(verbs)


def test_only_the_current_decision_is_superseded_and_only_with_a_reason(world: World, case: Case) -> None:
    first = decide(case, world.cora)

    def again(reason: str) -> Decision:
        return supersede_decision(
            decision=first, given=given(outcome="split", reason=reason), proof=proof(world.cora), by=world.cora, now=NOW
        )

    with pytest.raises(Incomplete, match="Say why the decision is replaced"):
        again(" ")
    again("Overlooked.")
    with pytest.raises(Refused, match="superseded meanwhile"):
        again("Once more.")
    assert Decision.objects.count() == 2


def test_another_adjudicator_may_supersede_and_a_rater_may_not(world: World, case: Case) -> None:
    first = decide(case, world.cora)
    dana = adjudicator(world, "dana")
    world.study.memberships.filter(user=world.ada).update(role="adjudicator", institution=None)
    case_world.with_password(world.ada)
    with pytest.raises(Refused, match="rated this latent yourself"):
        supersede_decision(decision=first, given=given(reason="So."), proof=proof(world.ada), by=world.ada, now=NOW)
    new = supersede_decision(decision=first, given=given(reason="So."), proof=proof(dana), by=dana, now=NOW)
    assert new.adjudicator == dana
    with pytest.raises(NotYours):
        supersede_decision(decision=new, given=given(reason="So."), proof=proof(world.sven), by=world.sven, now=NOW)


def test_an_open_case_has_nothing_to_supersede_and_a_decided_one_is_not_decided_twice(world: World, case: Case) -> None:
    decide(case, world.cora)
    with pytest.raises(Refused, match="decided already"):
        decide(case, world.cora)
    assert Decision.objects.count() == 1


def test_what_is_refused_leaves_nothing_behind(world: World, case: Case) -> None:
    before = world.study.concepts.count()
    with pytest.raises(Incomplete):
        decide(case, world.cora, concept="something new", rationale=" ")
    assert world.study.concepts.count() == before
    assert not Signature.objects.exists()
    case.refresh_from_db()
    assert case.state == "open"


def test_a_draft_is_kept_until_she_signs_and_no_longer(world: World, case: Case) -> None:
    kept = save_case_draft(case=case, answers={"rationale": "Half a", "shown": "x"}, by=world.cora, now=NOW)
    assert kept is not None
    assert kept.answers == {"rationale": "Half a"}
    kept = save_case_draft(case=case, answers={"rationale": "Half a thought"}, by=world.cora, now=NOW)
    assert kept is not None
    assert (kept.answers, kept.number) == ({"rationale": "Half a thought"}, 2)
    decide(case, world.cora)
    assert not CaseDraft.objects.exists()
    assert save_case_draft(case=case, answers={"rationale": "Late."}, by=world.cora, now=NOW) is None


def test_a_persistent_latent_has_one_case_however_often_it_is_opened(world: World, case: Case) -> None:
    assert persistent(case.latent) == case
