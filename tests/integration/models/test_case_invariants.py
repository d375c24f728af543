"""What no client may do with cases, signatures and decisions, tried with raw SQL as the application's own user."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from annotation.actions.case_repeats import bring_back_cases
from annotation.enums import CaseKind
from annotation.models import Case, Decision, Reference, Study, User
from tests import case_world
from tests.case_world import adjudicator, cases, decide
from tests.integration.models.test_invariants import refused
from tests.world import NOW, World, person


@pytest.fixture
def full(world: World) -> World:
    """The first case is decided, with a second opinion asked of Dana; two more wait."""
    case_world.rated(world)
    first, *_ = cases(world, 3)
    decide(first, world.cora, second=adjudicator(world, "dana"))
    return world


def signature(by: User, method: str = "password") -> int:
    """A row of annotation_signature, by raw SQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotation_signature "
            "(signed_by_id, signed_at, method, meaning, ratings, ratings_digest, digest) "
            "VALUES (%s, now(), %s, 'I decide.', '[]', '', '') RETURNING id",
            [by.pk, method],
        )
        return int(cursor.fetchone()[0])


def insert(case: Case, by: User, **columns: Any) -> tuple[str, list[Any]]:
    """INSERT of a decision, complete unless `columns` say otherwise."""
    row: dict[str, Any] = {
        "case_id": case.pk,
        "adjudicator_id": by.pk,
        "outcome": "irreducible",
        "cause": "slip",
        "rubric_needs_clause": False,
        "clause": "",
        "rationale": "Both are right.",
        "decided_at": NOW,
        "reason": "",
        "signature_id": signature(by) if "signature_id" not in columns else None,
    } | columns
    names = ", ".join(row)
    return f"INSERT INTO annotation_decision ({names}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())


def open_case_of(world: World) -> Case:
    return world.study.cases.filter(state="open").earliest("pk")


@pytest.mark.parametrize("table", ["decision", "signature", "casestep"])
def test_decisions_signatures_and_steps_are_append_only(full: World, table: str) -> None:
    assert "append-only" in refused(f"UPDATE annotation_{table} SET id = id")
    assert "append-only" in refused(f"DELETE FROM annotation_{table}")
    assert "append-only" in refused(f"TRUNCATE annotation_{table} CASCADE")


def test_a_case_is_neither_deleted_nor_turned_into_another(full: World) -> None:
    assert "append-only" in refused("DELETE FROM annotation_case")
    assert "append-only" in refused("TRUNCATE annotation_case CASCADE")
    changes = ("kind = 'first', beside_id = NULL", "opened_at = now()", "beside_id = NULL", "latent_id = latent_id + 1")
    for change in changes:
        assert "stays as it was" in refused(f"UPDATE annotation_case SET {change} WHERE kind = 'second'")


def test_a_decided_case_is_not_opened_again_nor_given_to_somebody(full: World) -> None:
    for change in ("state = 'open'", f"asks_id = {full.cora.pk}"):
        assert "is over" in refused(f"UPDATE annotation_case SET {change} WHERE state = 'decided'")


def test_no_case_is_decided_without_a_decision(full: World) -> None:
    assert "by a signed decision" in refused("UPDATE annotation_case SET state = 'decided' WHERE state = 'open'")


def test_a_decision_is_signed_by_its_adjudicator(full: World) -> None:
    case = open_case_of(full)
    assert "signature_id" in refused(*insert(case, full.cora, signature_id=None))
    assert "signed by its adjudicator" in refused(*insert(case, full.cora, signature_id=signature(full.rosa)))


def test_no_signature_is_given_without_showing_who_signs(full: World) -> None:
    with pytest.raises(IntegrityError, match="is signed"), transaction.atomic():
        signature(full.cora, "none")


def test_a_program_signs_in_a_simulated_study_alone(full: World) -> None:
    case = open_case_of(full)
    row = insert(case, full.cora, signature_id=signature(full.cora, "simulated"))
    assert "marked as simulated" in refused(*row)
    Study.objects.update(simulated=True)
    with connection.cursor() as cursor:
        cursor.execute(*row)


def test_one_signature_is_for_one_decision(full: World) -> None:
    used = Decision.objects.get().signature_id
    assert "signature_id" in refused(*insert(open_case_of(full), full.cora, signature_id=used))


def test_a_case_has_one_first_decision_and_its_chain_never_forks(full: World) -> None:
    first = Decision.objects.get()
    assert "decision_first_once_a_case" in refused(*insert(first.case, full.cora))
    statement, values = insert(first.case, full.cora, supersedes_id=first.pk, reason="Overlooked.")
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    fork = insert(first.case, full.cora, supersedes_id=first.pk, reason="Once more.")
    assert "supersedes_id" in refused(*fork)


def test_a_decision_supersedes_one_of_its_own_case_and_says_why(full: World) -> None:
    first = Decision.objects.get()
    assert "of its own case" in refused(*insert(open_case_of(full), full.cora, supersedes_id=first.pk, reason="So."))
    assert "says_why_it_supersedes" in refused(*insert(first.case, full.cora, supersedes_id=first.pk, reason=" "))


def conflict_by_rating(world: World, case: Case) -> User:
    return world.ada


def conflict_by_reference(world: World, case: Case) -> User:
    setter = person("paula")
    Reference.objects.create(latent=case.latent, item="concept", distribution={"x": 1}, set_by=setter, set_at=NOW)
    return setter


CONFLICTS = (conflict_by_rating, conflict_by_reference)


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_who_rated_the_latent_or_set_its_reference_decides_nothing(
    full: World, conflict: Callable[[World, Case], User]
) -> None:
    case = open_case_of(full)
    assert "cannot decide its case" in refused(*insert(case, conflict(full, case)))


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_nor_does_she_supersede(full: World, conflict: Callable[[World, Case], User]) -> None:
    first = Decision.objects.get()
    row = insert(first.case, conflict(full, first.case), supersedes_id=first.pk, reason="So.")
    assert "cannot decide its case" in refused(*row)


@pytest.mark.parametrize("conflict", CONFLICTS)
@pytest.mark.parametrize("kind", ["second", "repeat"])
def test_nor_is_she_asked_for_a_second_opinion_or_a_repeat(
    full: World, conflict: Callable[[World, Case], User], kind: str
) -> None:
    first = Decision.objects.select_related("case").get()
    who = conflict(full, first.case)
    sentence = refused(*put_beside(first, kind, who))
    assert ("cannot be asked" if kind == "second" else "comes back to the adjudicator") in sentence


def put_beside(decision: Decision, kind: str, asks: User, latent: int | None = None) -> tuple[str, list[Any]]:
    return (
        "INSERT INTO annotation_case (study_id, latent_id, kind, state, why, opened_at, asks_id, beside_id) "
        "VALUES (%s, %s, %s, 'open', 'why', now(), %s, %s)",
        [decision.case.study_id, latent or decision.case.latent_id, kind, asks.pk, decision.pk],
    )


def test_a_reference_set_after_a_repeat_came_back_closes_it_to_her(full: World) -> None:
    """The repeat was hers to decide when it came; she set the reference since."""
    case = open_case_of(full)
    decide(case, full.cora)
    Study.objects.update(case_repeat_share=1.0)
    assert bring_back_cases(now=NOW + timedelta(days=30)) == 1
    repeat = Case.everything.get(kind=CaseKind.REPEAT)
    Reference.objects.create(latent=case.latent, item="concept", distribution={"x": 1}, set_by=full.cora, set_at=NOW)
    assert "set the calibration reference" in refused(*insert(repeat, full.cora))


def test_what_is_put_beside_is_about_the_same_latent_and_a_second_is_another(full: World) -> None:
    first = Decision.objects.select_related("case").get()
    elsewhere = open_case_of(full).latent_id
    assert "about the same latent" in refused(*put_beside(first, "repeat", full.cora, elsewhere))
    assert "second adjudicator" in refused(*put_beside(first, "second", full.cora))
    assert "case_beside_once" in refused(*put_beside(first, "second", person("erik")))


def test_only_she_whom_it_asks_decides_it(full: World) -> None:
    second = Case.everything.get(kind=CaseKind.SECOND)
    assert "with another adjudicator" in refused(*insert(second, full.cora))
    with connection.cursor() as cursor:
        cursor.execute(*insert(second, User.objects.get(name="Dana")))


def test_a_case_that_was_handed_over_is_decided_by_no_one_else(full: World) -> None:
    case = open_case_of(full)
    Case.objects.filter(pk=case.pk).update(asks=User.objects.get(name="Dana"))
    assert "with another adjudicator" in refused(*insert(case, full.cora))


def test_a_latent_has_one_case(full: World) -> None:
    case = open_case_of(full)
    row = "INSERT INTO annotation_case (study_id, latent_id, kind, state, why, opened_at) "
    row += "VALUES (%s, %s, 'first', 'open', '', now())"
    assert "case_once_a_latent" in refused(row, [case.study_id, case.latent_id])


def test_a_clause_is_written_only_where_the_rubric_needs_one(full: World) -> None:
    assert "decision_clause_if_needed" in refused(*insert(open_case_of(full), full.cora, clause="Say which."))
