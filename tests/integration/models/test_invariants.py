"""What no client may do, tried with raw SQL as the application's own database user."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from annotation.actions.cases import open_case
from annotation.actions.permitting_text import permit_text
from annotation.actions.rounds import open_round
from annotation.models import Case, Decision, Reference, Round, Slot
from annotation.rules.refusal import Refused
from tests import case_world
from tests.world import NOW, World, match, rate_next, second_run


def refused(statement: str, parameters: list[Any] | None = None) -> str:
    """The sentence with which the database refuses the statement."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # TRUNCATE waits for no deferred foreign key
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            cursor.execute(statement, parameters)
    return str(error.value)


APPEND_ONLY = (
    "rating",
    "decision",
    "auditevent",
    "reference",
    "corpus",
    "document",
    "latent",
    "snippet",
    "latentprofile",
    "latentmatch",
    "textpermission",
)


@pytest.fixture
def full(world: World) -> World:
    """The world with a rating, a reference and a decision, so that every append-only table has a row."""
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    other = world.study.sample.exclude(pk=rating.latent_id).first()
    assert other is not None
    Reference.objects.create(latent=other, item="concept", distribution={"x": 1.0}, set_by=world.cora, set_at=NOW)
    case = open_case(latent=rating.latent, why="for the test", now=NOW)
    decide(case, world)
    assert world.study.run is not None
    permit_text(corpus=world.study.run.corpus, may_leave=True, words="For the test.", by=None, now=NOW)
    match(world.study.run, second_run(world.study.run), [(0, 1, 0.5)])
    return world


def decide(case: Case, world: World) -> Decision:
    return case_world.stored_decision(case, world.cora, rationale="Both are right.")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_an_append_only_table_refuses_update_and_delete_and_truncate(full: World, table: str) -> None:
    assert "append-only" in refused(f"UPDATE annotation_{table} SET id = id")
    assert "append-only" in refused(f"DELETE FROM annotation_{table}")
    assert "append-only" in refused(f"TRUNCATE annotation_{table} CASCADE")


def test_a_rubric_version_in_use_is_frozen_with_its_items(world: World) -> None:
    assert "in use by a round" in refused("UPDATE annotation_rubricversion SET guidance = 'other'")
    assert "in use by a round" in refused("UPDATE annotation_rubricitem SET question = 'other'")
    assert "in use by a round" in refused("DELETE FROM annotation_rubricitem")


def test_a_finished_run_is_frozen(world: World) -> None:
    assert "finished" in refused("UPDATE annotation_miningrun SET digest = repeat('0', 64)")
    assert "finished" in refused("DELETE FROM annotation_miningrun")


def test_nothing_is_added_to_what_a_finished_run_left(full: World) -> None:
    again = "INSERT INTO annotation_latentprofile (latent_id, flags, promoted, suppressed, neighbours, coactivation, "
    again += "peak_tokens, specialties, sections, positions) SELECT min(id), '[]', '[]', '[]', '[]', '[]', '[]', '[]', "
    again += "'[]', '[]' FROM annotation_latent"
    assert "The run of this latent is finished" in refused(again)
    more = "INSERT INTO annotation_latentmatch (pair_id, latent_id, other_id, rank, tokens) "
    more += "SELECT pair_id, latent_id, other_id, 9, 1 FROM annotation_latentmatch LIMIT 1"
    assert "matches of these two runs are in" in refused(more)
    assert "cannot be changed" in refused("UPDATE annotation_runpair SET asked = 5")
    assert "cannot be changed" in refused("DELETE FROM annotation_runpair")


def test_a_match_is_between_latents_of_the_pairs_two_runs(world: World) -> None:
    assert world.study.run is not None
    second_run(world.study.run)
    row = "INSERT INTO annotation_latentmatch (pair_id, latent_id, other_id, rank, tokens) "
    row += "SELECT p.id, a.id, b.id, 0, 1 FROM annotation_runpair p, annotation_latent a, annotation_latent b "
    row += "WHERE a.run_id = p.run_id AND b.run_id = p.run_id AND a.index = 0 AND b.index = 1"
    assert "not of the pair's two runs" in refused(row)


@pytest.mark.parametrize(
    "change",
    ["hook_point = 'elsewhere'", "architecture = 'relu'", "width = 13", "width = NULL", "options = '{\"a\": 1}'"],
)
def test_what_is_known_of_a_mined_sae_stays(world: World, change: str) -> None:
    assert "finished runs" in refused(f"UPDATE annotation_sae SET {change}")


def test_a_mined_sae_may_move(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE annotation_sae SET folder = '/elsewhere'")


@pytest.mark.parametrize("context", ["context_start = 3", "context_start = 1000000, context_end = 2000000"])
def test_a_snippet_lies_in_its_context(world: World, context: str) -> None:
    columns = 'latent_id, document_id, kind, start, "end", peak, tokens, section'
    names, values = zip(*(part.split(" = ") for part in context.split(", ")), strict=True)
    row = f"INSERT INTO annotation_snippet ({columns}, rank, {', '.join(names)}) "
    row += f"SELECT {columns}, 999, {', '.join(values)} FROM annotation_snippet LIMIT 1"
    assert "snippet_lies_in_its_context" in refused(row)


def test_the_concept_list_of_an_open_round_is_frozen(world: World) -> None:
    assert "frozen" in refused("DELETE FROM annotation_round_concepts")


def test_a_revision_has_its_own_key(world: World) -> None:
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    rating.pk, rating.submit_token, rating._state.adding = None, Slot.objects.first().lease_token or "0" * 32, True
    with pytest.raises(IntegrityError, match="rating_revision_unique"), transaction.atomic():
        rating.save()


def test_nobody_is_handed_a_latent_whose_reference_she_set(world: World) -> None:
    slot = Slot.objects.filter(institution=world.north).first()
    assert slot is not None
    Reference.objects.create(latent=slot.latent, item="concept", distribution={"x": 1}, set_by=world.ada, set_at=NOW)
    sentence = refused(
        "UPDATE annotation_slot SET state='leased', rater_id=%s, lease_token=gen_random_uuid(), lease_expires_at=now() "
        "WHERE id=%s",
        [world.ada.pk, slot.pk],
    )
    assert "calibration reference" in sentence
    rated = set()
    while rating := rate_next(world.study, world.ada):
        rated.add(rating.latent_id)
    assert len(rated) == 5
    assert slot.latent_id not in rated


def test_an_adjudicator_never_decides_a_latent_that_she_rated(world: World) -> None:
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    case = open_case(latent=rating.latent, why="for the test", now=NOW)
    with pytest.raises(IntegrityError, match="rated the latent herself"), transaction.atomic():
        case_world.stored_decision(case, world.ada, rationale="Mine.")


def test_nobody_rates_a_latent_whose_case_she_decided(full: World) -> None:
    rating = full.study.ratings.get()
    rating.pk, rating._state.adding, rating.rater, rating.slot = None, True, full.cora, None
    rating.submit_token = "4" * 32
    with pytest.raises(IntegrityError, match="decided the case"), transaction.atomic():
        rating.save()


def test_a_rating_belongs_to_its_slot_round_and_study(world: World) -> None:
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    foreign = world.study.sample.exclude(pk=rating.latent_id).first()
    rating.pk, rating._state.adding, rating.latent, rating.submit_token = None, True, foreign, "1" * 32
    with pytest.raises(IntegrityError, match="not the rater's place"), transaction.atomic():
        rating.save()


def test_a_slot_has_at_most_one_live_lease_and_says_whose(world: World) -> None:
    assert "slot_lease_matches_state" in refused("UPDATE annotation_slot SET state = 'leased'")


def test_an_answer_without_rationale_is_refused_by_the_table_itself(world: World) -> None:
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    rating.pk, rating._state.adding, rating.rationale, rating.revision = None, True, "  \n", 2
    rating.submit_token, rating.reason = "2" * 32, "second thoughts"
    with pytest.raises(IntegrityError, match="rating_says_why"), transaction.atomic():
        rating.save()


def test_a_second_independent_round_waits_for_the_first(world: World) -> None:
    with pytest.raises(Refused, match="open already"):
        open_round(study=world.study, by=world.rosa, now=NOW + timedelta(hours=1))
    assert Round.objects.count() == 1
