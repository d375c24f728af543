"""What the database itself holds of facts about concepts, and what follows from those that stand."""

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from annotation.enums import ConceptFactKind
from annotation.models import Concept, ConceptFact, Study
from annotation.queries.concept_names import broader, concept_names, newest_fact
from tests.world import NOW, World


def concept(world: World, name: str, study: Study | None = None) -> Concept:
    held, _ = Concept.objects.get_or_create(
        study=study or world.study, name=name, defaults={"created_by": world.ada, "created_at": NOW}
    )
    return held


def state(world: World, kind: ConceptFactKind, one: Concept, **said: Any) -> ConceptFact:
    fact = {"study": world.study, "concept": one, "reason": "They are.", "stated_by": world.rosa, "stated_at": NOW}
    return ConceptFact.objects.create(kind=kind, **{**fact, **said})


def refused(world: World, kind: ConceptFactKind, one: Concept, **said: Any) -> str:
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        state(world, kind, one, **said)
    return str(error.value)


def merge(world: World, one: str, into: str) -> ConceptFact:
    return state(world, ConceptFactKind.MERGED, concept(world, one), other=concept(world, into))


def narrower(world: World, one: str, than: str) -> ConceptFact:
    return state(world, ConceptFactKind.NARROWER, concept(world, one), other=concept(world, than))


def take_back(world: World, fact: ConceptFact) -> ConceptFact:
    return state(world, ConceptFactKind.WITHDRAWN, fact.concept, withdraws=fact)


def test_a_fact_changes_names_until_it_is_taken_back(world: World) -> None:
    mi, infarction = concept(world, "MI"), concept(world, "myocardial infarction")
    before = newest_fact(world.study)
    fact = merge(world, "MI", "myocardial infarction")
    assert concept_names(world.study)[mi.pk] == "myocardial infarction"
    assert concept_names(world.study)[infarction.pk] == "myocardial infarction"
    assert before == 0 < newest_fact(world.study) == fact.pk
    back = take_back(world, fact)
    assert concept_names(world.study)[mi.pk] == "MI"
    assert newest_fact(world.study) == back.pk > fact.pk
    merge(world, "MI", "myocardial infarction")


def test_the_hierarchy_is_told_in_names_after_merges(world: World) -> None:
    narrower(world, "MI", "heart disease")
    merge(world, "MI", "myocardial infarction")
    assert broader(world.study) == {"myocardial infarction": {"heart disease"}}


@pytest.mark.parametrize("table", ["concept", "conceptfact"])
def test_concepts_and_facts_are_never_changed(world: World, table: str) -> None:
    merge(world, "MI", "myocardial infarction")
    with connection.cursor() as cursor:
        for change in (f"UPDATE annotation_{table} SET id = id", f"DELETE FROM annotation_{table}"):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                cursor.execute(change)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute(f"TRUNCATE annotation_{table} CASCADE")


def test_a_concept_is_merged_once_at_a_time(world: World) -> None:
    merge(world, "MI", "myocardial infarction")
    other = concept(world, "heart attack")
    assert "stands already" in refused(world, ConceptFactKind.MERGED, concept(world, "MI"), other=other)


def test_a_concept_has_one_code_of_a_system(world: World) -> None:
    mi = concept(world, "MI")
    code = {"code": "I21", "term": "Acute myocardial infarction", "release": "April 2026"}
    state(world, ConceptFactKind.CODED, mi, system="icd-10-cm", reason="", **code)
    assert "stands already" in refused(world, ConceptFactKind.CODED, mi, system="icd-10-cm", **code)
    state(world, ConceptFactKind.CODED, mi, system="hpo", **code)


def test_nothing_is_merged_into_itself_over_any_number_of_steps(world: World) -> None:
    mi = concept(world, "MI")
    assert "merged into itself" in refused(world, ConceptFactKind.MERGED, mi, other=mi)
    merge(world, "MI", "infarction")
    merge(world, "infarction", "myocardial infarction")
    whole = concept(world, "myocardial infarction")
    assert "merged into itself" in refused(world, ConceptFactKind.MERGED, whole, other=mi)


def test_nothing_is_narrower_than_itself_over_any_number_of_steps_and_merges(world: World) -> None:
    narrower(world, "STEMI", "MI")
    merge(world, "MI", "myocardial infarction")
    narrower(world, "myocardial infarction", "heart disease")
    stemi, disease = concept(world, "STEMI"), concept(world, "heart disease")
    assert "narrower than itself" in refused(world, ConceptFactKind.NARROWER, disease, other=stemi)
    assert "narrower than itself" in refused(world, ConceptFactKind.MERGED, stemi, other=disease)
    assert "narrower than itself" in refused(world, ConceptFactKind.MERGED, disease, other=stemi)


def test_what_is_taken_back_stands_in_nobodys_way(world: World) -> None:
    fact = narrower(world, "STEMI", "MI")
    assert "itself" in refused(world, ConceptFactKind.NARROWER, concept(world, "MI"), other=concept(world, "STEMI"))
    take_back(world, fact)
    narrower(world, "MI", "STEMI")


def test_a_fact_is_taken_back_once_and_a_taking_back_never(world: World) -> None:
    fact = merge(world, "MI", "myocardial infarction")
    back = take_back(world, fact)
    mi = concept(world, "MI")
    assert "withdraws" in refused(world, ConceptFactKind.WITHDRAWN, mi, withdraws=fact)
    assert "no taking back" in refused(world, ConceptFactKind.WITHDRAWN, mi, withdraws=back)
    again = merge(world, "MI", "myocardial infarction")
    other = concept(world, "myocardial infarction")
    assert "same concept" in refused(world, ConceptFactKind.WITHDRAWN, other, withdraws=again)


def test_a_fact_stays_within_its_study(world: World) -> None:
    elsewhere = Study.objects.create(
        slug="lungs", name="Lungs", rubric=world.study.rubric, created_by=world.rosa, created_at=NOW
    )
    theirs = concept(world, "MI", elsewhere)
    assert "within one study" in refused(world, ConceptFactKind.MERGED, concept(world, "MI"), other=theirs)
    assert "within one study" in refused(world, ConceptFactKind.MERGED, theirs, other=concept(world, "MI"))


@pytest.mark.parametrize(
    "said",
    [
        {"kind": ConceptFactKind.MERGED},
        {"kind": ConceptFactKind.NARROWER, "code": "I21"},
        {"kind": ConceptFactKind.CODED, "system": "icd-10-cm", "code": "I21", "term": "", "release": "April 2026"},
        {"kind": ConceptFactKind.CODED, "system": "snomed", "code": "1", "term": "x", "release": "1"},
    ],
)
def test_a_fact_says_what_its_kind_says(world: World, said: dict[str, Any]) -> None:
    kind = said.pop("kind")
    if kind == ConceptFactKind.NARROWER:
        said["other"] = concept(world, "heart disease")
    assert "concept_fact_says_what_its_kind_says" in refused(world, kind, concept(world, "MI"), **said)


def test_a_merge_says_why(world: World) -> None:
    other = concept(world, "infarction")
    assert "says_why" in refused(world, ConceptFactKind.MERGED, concept(world, "MI"), other=other, reason=" \n")


@pytest.mark.django_db(transaction=True)
def test_two_merges_at_once_in_opposite_directions_do_not_both_stand(world: World) -> None:
    concept(world, "MI"), concept(world, "infarction")
    failures: list[str] = []

    def other_way() -> None:
        try:
            merge(world, "infarction", "MI")
        except IntegrityError as error:
            failures.append(str(error))
        finally:
            connection.close()

    with transaction.atomic():
        merge(world, "MI", "infarction")
        beside = threading.Thread(target=other_way)
        beside.start()
        beside.join(0.5)
        assert beside.is_alive()
    beside.join(15)
    assert len(failures) == 1
    assert "itself" in failures[0]
