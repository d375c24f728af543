"""Names after merges and what is broader, from facts and from code systems."""

from annotation.rules.concept_graph import Code, CodeAbove, ConceptGraph

TYPED = {1: "MI", 2: "myocardial infarction", 3: "heart attack", 4: "unstable angina", 5: "ischaemic heart disease"}
BLOCK = CodeAbove(code="I20-I25", term="Ischemic heart diseases")
HEADING = "ICD-10-CM I20-I25 Ischemic heart diseases"


def icd(code: str, term: str, *between: CodeAbove) -> Code:
    parent = between[0].code if between else "I20-I25"
    above = (CodeAbove(code=code, term=term, parents=(parent,)), *between, BLOCK)
    return Code(system="icd-10-cm", system_name="ICD-10-CM", code=code, term=term, above=above)


ANGINA = icd("I20.0", "Unstable angina", CodeAbove(code="I20", term="Angina pectoris", parents=("I20-I25",)))
INFARCTION = icd("I21", "Acute myocardial infarction")


def test_without_facts_each_concept_counts_as_it_was_typed_and_nothing_is_broader() -> None:
    graph = ConceptGraph(typed=TYPED)
    assert graph.names == TYPED
    assert graph.broader == {}


def test_a_chain_of_merges_ends_at_one_name() -> None:
    graph = ConceptGraph(typed=TYPED, merged={1: 3, 3: 2})
    assert [graph.names[concept] for concept in (1, 2, 3, 4)] == ["myocardial infarction"] * 3 + ["unstable angina"]
    assert graph.members[2] == (2, 1, 3)
    assert 1 not in graph.members


def test_what_was_said_of_a_merged_concept_passes_to_the_one_that_stays() -> None:
    graph = ConceptGraph(typed=TYPED, merged={1: 2}, narrower=frozenset({(1, 5)}), codes={1: (INFARCTION,)})
    assert graph.codes_of(2) == (INFARCTION,)
    assert graph.broader["myocardial infarction"] == {"ischaemic heart disease", HEADING}
    assert "MI" not in graph.broader


def test_its_own_code_goes_before_one_that_a_merged_concept_brings() -> None:
    graph = ConceptGraph(typed=TYPED, merged={4: 2}, codes={2: (INFARCTION,), 4: (ANGINA,)})
    assert graph.codes_of(2) == (INFARCTION,)


def test_two_coded_concepts_share_the_heading_above_both() -> None:
    graph = ConceptGraph(typed=TYPED, codes={2: (INFARCTION,), 4: (ANGINA,)})
    assert graph.broader["myocardial infarction"] == {HEADING}
    assert graph.broader["unstable angina"] == {"ICD-10-CM I20 Angina pectoris"}
    assert graph.broader["ICD-10-CM I20 Angina pectoris"] == {HEADING}


def test_a_code_above_that_one_concept_has_is_that_concept() -> None:
    angina = icd("I20", "Angina pectoris")
    graph = ConceptGraph(typed={4: "unstable angina", 6: "angina"}, codes={4: (ANGINA,), 6: (angina,)})
    assert graph.broader == {"unstable angina": {"angina"}, "angina": {HEADING}}


def test_two_concepts_of_one_code_stand_side_by_side_under_it() -> None:
    graph = ConceptGraph(typed=TYPED, codes={1: (INFARCTION,), 3: (INFARCTION,)})
    code = "ICD-10-CM I21 Acute myocardial infarction"
    assert graph.broader == {"MI": {code}, "heart attack": {code}, code: {HEADING}}


def test_where_codes_contradict_a_fact_the_fact_stands_and_nothing_goes_in_a_circle() -> None:
    angina = icd("I20", "Angina pectoris")
    graph = ConceptGraph(
        typed={4: "unstable angina", 6: "angina"}, narrower=frozenset({(6, 4)}), codes={4: (ANGINA,), 6: (angina,)}
    )
    assert graph.broader == {"angina": {"unstable angina", HEADING}}


def test_a_merge_that_is_only_tried_leaves_the_graph_as_it_is() -> None:
    graph = ConceptGraph(typed=TYPED, merged={1: 2})
    tried = graph.with_merge(3, 1)
    assert tried.names[3] == "myocardial infarction"
    assert graph.names[3] == "heart attack"


def test_a_merge_of_what_is_one_already_changes_nothing() -> None:
    graph = ConceptGraph(typed=TYPED, merged={1: 2})
    assert graph.with_merge(1, 2) is graph
    assert graph.with_merge(2, 2) is graph


def test_up_follows_every_step_and_merges() -> None:
    graph = ConceptGraph(typed={**TYPED, 6: "heart disease"}, merged={1: 2}, narrower=frozenset({(1, 5), (5, 6)}))
    assert graph.up(1) == {2, 5, 6}
