"""What the researcher says of concepts: who may, what is refused and why, and what follows."""

import pytest

from annotation.actions.concepts import take_back_fact
from annotation.actions.people import add_member
from annotation.actions.results import compute_results
from annotation.enums import AuditVerb, ConceptFactKind, Role
from annotation.models import Agreement, AuditEvent, Concept, ConceptFact, Rating
from annotation.queries.concept_agreement import merge_effect
from annotation.queries.concept_names import broader, concept_graph, concept_names
from annotation.rules.refusal import NotYours, Refused
from annotation.science.types import Estimate
from tests import concept_world
from tests.concept_world import code, concept, merge, place
from tests.world import NOW, World, add_rater


@pytest.fixture
def rated(db: None) -> World:
    return concept_world.rated()


def test_a_merge_changes_what_counts_and_no_rating(rated: World) -> None:
    typed = list(Rating.objects.order_by("pk").values_list("concept__name", "concept_written"))
    fact = merge(rated, "MI", "myocardial infarction", reason="  Its abbreviation. ")
    assert fact.reason == "Its abbreviation."
    assert concept_names(rated.study)[concept(rated, "MI").pk] == "myocardial infarction"
    assert list(Rating.objects.order_by("pk").values_list("concept__name", "concept_written")) == typed
    event = AuditEvent.objects.get(verb=AuditVerb.CONCEPTS_MERGED)
    assert event.actor == rated.rosa.pk
    assert event.detail == {"concept": concept(rated, "MI").pk, "other": concept(rated, "myocardial infarction").pk}


def test_what_is_taken_back_stays_in_the_history(rated: World) -> None:
    fact = merge(rated, "MI", "myocardial infarction")
    back = take_back_fact(fact=fact, reason="It also means mitral insufficiency.", by=rated.rosa, now=NOW)
    assert back.kind == ConceptFactKind.WITHDRAWN
    assert concept_names(rated.study)[concept(rated, "MI").pk] == "MI"
    assert ConceptFact.objects.count() == 2
    for gone in (fact, back):
        with pytest.raises(Refused, match="does not stand any more"):
            take_back_fact(fact=gone, reason="Again.", by=rated.rosa, now=NOW)


def test_only_the_researcher_says_anything_of_concepts(rated: World) -> None:
    for person in (rated.ada, rated.cora, rated.nora):
        with pytest.raises(Refused, match="needs the role of researcher"):
            merge(rated, "MI", "myocardial infarction", by=person)
    with pytest.raises(NotYours):
        place(rated, "MI", "heart disease", by=rated.sven)
    assert not ConceptFact.objects.exists()


def test_a_researcher_who_may_still_rate_is_blind_and_says_nothing(world: World) -> None:
    rita = add_rater(world, "rita", world.north)
    add_member(study=world.study, user=rita, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    with pytest.raises(Refused, match="stay hidden"):
        merge(world, "troponin", "chest pain", by=rita)


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 2001])
def test_a_merge_needs_a_reason_of_some_sentences(rated: World, reason: str) -> None:
    with pytest.raises(Refused, match=r"Say why|2,001 characters"):
        merge(rated, "MI", "myocardial infarction", reason=reason)
    assert not ConceptFact.objects.exists()


def test_a_refusal_says_what_to_do(rated: World) -> None:
    with pytest.raises(Refused, match="two different"):
        merge(rated, "MI", "MI")
    merge(rated, "MI", "myocardial infarction")
    with pytest.raises(Refused, match="“MI” counts as “myocardial infarction” already"):
        merge(rated, "MI", "unstable angina")
    with pytest.raises(Refused, match="Choose “myocardial infarction”"):
        merge(rated, "troponin", "MI")
    place(rated, "unstable angina", "chest pain")
    with pytest.raises(Refused, match="near miss is no synonym"):
        merge(rated, "chest pain", "unstable angina")
    with pytest.raises(Refused, match="is itself placed under"):
        place(rated, "chest pain", "unstable angina")
    with pytest.raises(Refused, match="placed under “chest pain” already"):
        place(rated, "unstable angina", "chest pain")


def test_a_code_keeps_its_term_its_release_and_what_is_above_it(rated: World) -> None:
    fact = code(rated, "unstable angina", "I20.0")
    assert (fact.term, fact.above[0]) == ("Unstable angina", ["I20.0", "Unstable angina", ["I20"]])
    assert [code for code, _, _ in fact.above] == ["I20.0", "I20", "I20-I25"]
    assert any(letter.isdigit() for letter in fact.release)
    with pytest.raises(Refused, match=r"has the code I20\.0 of ICD-10-CM"):
        code(rated, "unstable angina", "I21")
    code(rated, "unstable angina", "HP:0100749", system="hpo")


@pytest.mark.parametrize(("system", "wrong"), [("icd-10-cm", "I20-I25"), ("icd-10-cm", "Q"), ("hpo", "I21")])
def test_what_is_no_code_is_refused(rated: World, system: str, wrong: str) -> None:
    with pytest.raises(Refused, match=f"“{wrong}” is no code of"):
        code(rated, "MI", wrong, system=system)


def test_a_code_system_that_is_not_there_is_refused(rated: World) -> None:
    with pytest.raises(Refused, match="not ready"):
        code(rated, "MI", "1", system="snomed")


def test_infarction_against_angina_is_a_near_miss_once_both_have_their_codes(rated: World) -> None:
    """ICD-10-CM has both under ischemic heart diseases, which no rater typed."""
    code(rated, "myocardial infarction", "I21")
    code(rated, "unstable angina", "I20.0")
    assert "ICD-10-CM I20-I25 Ischemic heart diseases" in broader(rated.study)["myocardial infarction"]
    graph = concept_graph(rated.study)
    effect = merge_effect(
        rated.study, graph, concept=concept(rated, "MI").pk, into=concept(rated, "myocardial infarction").pk
    )
    assert effect is not None
    assert isinstance(effect.before.nominal, Estimate)
    assert isinstance(effect.before.hierarchy, Estimate)
    assert effect.before.hierarchy.value > effect.before.nominal.value


def test_a_common_broader_concept_makes_a_near_miss_as_well(rated: World) -> None:
    merge(rated, "MI", "myocardial infarction")
    for narrow in ("myocardial infarction", "unstable angina"):
        place(rated, narrow, "ischaemic heart disease")
    graph = concept_graph(rated.study)
    effect = merge_effect(
        rated.study, graph, concept=concept(rated, "chest pian").pk, into=concept(rated, "chest pain").pk
    )
    assert effect is not None
    for alphas in (effect.before, effect.after):
        assert isinstance(alphas.nominal, Estimate)
        assert isinstance(alphas.hierarchy, Estimate)
        assert alphas.hierarchy.value > alphas.nominal.value


def test_the_effect_of_a_merge_is_the_figure_that_the_merge_then_has(rated: World) -> None:
    one, other = concept(rated, "MI").pk, concept(rated, "myocardial infarction").pk
    effect = merge_effect(rated.study, concept_graph(rated.study), concept=one, into=other)
    assert effect is not None
    assert isinstance(effect.before.nominal, Estimate)
    assert isinstance(effect.after.nominal, Estimate)
    assert effect.after.nominal.value > effect.before.nominal.value
    assert effect.together == 3  # every fourth of twelve latents
    merge(rated, "MI", "myocardial infarction")
    third, fourth = concept(rated, "chest pian").pk, concept(rated, "chest pain").pk
    later = merge_effect(rated.study, concept_graph(rated.study), concept=third, into=fourth)
    assert later is not None
    assert later.before.nominal == effect.after.nominal


def test_what_the_page_foretells_is_what_is_then_computed_and_stored(rated: World) -> None:
    for narrow in ("myocardial infarction", "unstable angina"):
        place(rated, narrow, "ischaemic heart disease")
    one, other = concept(rated, "MI").pk, concept(rated, "myocardial infarction").pk
    effect = merge_effect(rated.study, concept_graph(rated.study), concept=one, into=other)
    assert effect is not None
    merge(rated, "MI", "myocardial infarction")
    run = compute_results(study_id=rated.study.pk, now=NOW)
    stored = {
        (row.scope, row.level): row.value
        for row in Agreement.objects.filter(run=run, item="concept", coefficient="alpha")
    }
    assert isinstance(effect.after.nominal, Estimate)
    assert isinstance(effect.after.hierarchy, Estimate)
    assert isinstance(effect.before.nominal, Estimate)
    assert stored["all", "nominal"] == pytest.approx(effect.after.nominal.value)
    assert stored["all", "hierarchy"] == pytest.approx(effect.after.hierarchy.value)
    assert stored["as-typed", "nominal"] == pytest.approx(effect.before.nominal.value)


def test_concepts_stay_as_many_as_were_typed(rated: World) -> None:
    before = Concept.objects.count()
    merge(rated, "MI", "myocardial infarction")
    assert Concept.objects.count() == before
