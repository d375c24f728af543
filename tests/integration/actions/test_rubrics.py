"""A rubric's way from a draft to a version in force: nothing silently overwritten, nothing published ever edited."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from annotation.actions.people import add_member
from annotation.actions.rubrics import (
    ChangedMeanwhile,
    Unsaveable,
    discard_draft,
    draft_of,
    publish,
    save_draft,
    start_draft,
)
from annotation.enums import AuditVerb, Role
from annotation.models import AuditEvent, Rubric, RubricVersion
from annotation.rules.described_rubric import DescribedRubric, complete_items, described
from annotation.rules.refusal import NotYours, Refused
from annotation.rules.rubric import Unsound
from tests.rubric_world import changed, edited, published
from tests.world import NOW, World, person

NOTE: Mapping[str, Any] = {"key": "note", "kind": "text", "question": "Anything else?", "required": False}


def with_item(content: DescribedRubric, item: Mapping[str, Any] = NOTE) -> DescribedRubric:
    return replace(content, items=(*content.items, *complete_items([item])))


def test_a_draft_is_a_copy_of_the_version_in_force_in_a_rubric_of_the_studys_own(world: World) -> None:
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    in_force = world.study.rubric
    assert described(draft) == described(in_force)
    assert (draft.rubric.name, draft.rubric.study) == (in_force.rubric.name, world.study)
    assert (draft.number, draft.based_on, draft.published_at) == (in_force.number + 1, in_force, None)
    assert Rubric.objects.get(pk=in_force.rubric_id).study is None


def test_the_draft_that_there_is_is_the_draft(world: World) -> None:
    first = start_draft(study=world.study, by=world.rosa, now=NOW)
    assert start_draft(study=world.study, by=world.rosa, now=NOW) == first == draft_of(world.study)


def test_a_draft_may_be_incomplete(world: World) -> None:
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    half = with_item(described(draft), {"key": "new-1", "kind": "ordinal", "question": ""})
    save_draft(version=draft, content=half, seen=described(draft).edition, by=world.rosa, now=NOW)
    assert described(draft) == half


def test_a_save_from_an_older_reading_overwrites_nothing_and_shows_what_is_there(world: World) -> None:
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    read_by_both = described(draft)
    theirs = replace(read_by_both, guidance="Theirs.")
    save_draft(version=draft, content=theirs, seen=read_by_both.edition, by=world.rosa, now=NOW)
    mine = replace(read_by_both, guidance="Mine.")
    with pytest.raises(ChangedMeanwhile) as error:
        save_draft(version=draft, content=mine, seen=read_by_both.edition, by=world.rosa, now=NOW)
    assert error.value.who == "you, in another window, 10:42"
    assert error.value.theirs == theirs == described(RubricVersion.objects.get(pk=draft.pk))
    save_draft(version=draft, content=mine, seen=theirs.edition, by=world.rosa, now=NOW)
    assert described(RubricVersion.objects.get(pk=draft.pk)) == mine


def test_who_saved_last_and_when_is_told_to_the_next(world: World) -> None:
    rita = person("rita")
    add_member(study=world.study, user=rita, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    before = described(draft)
    later = NOW + timedelta(minutes=5)
    hers = replace(before, guidance="Rita's.")
    save_draft(version=draft, content=hers, seen=before.edition, by=rita, now=later)
    draft.refresh_from_db()
    assert (draft.saved_by, draft.saved_at) == (rita, later)
    mine = replace(before, guidance="Mine.")
    with pytest.raises(ChangedMeanwhile, match=r"saved \(Rita, 10:47\)"):
        save_draft(version=draft, content=mine, seen=before.edition, by=world.rosa, now=later)


def test_saving_the_same_content_twice_is_no_conflict(world: World) -> None:
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    before = described(draft)
    content = replace(before, guidance="Read twice.")
    for _ in range(2):
        save_draft(version=draft, content=content, seen=before.edition, by=world.rosa, now=NOW)
    assert described(RubricVersion.objects.get(pk=draft.pk)) == content


def test_what_no_draft_can_hold_is_said_at_its_item_and_nothing_is_stored(world: World) -> None:
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    before = described(draft)
    doubled = with_item(with_item(before, NOTE), {**NOTE, "question": "?" * 201})
    with pytest.raises(Unsaveable) as error:
        save_draft(version=draft, content=doubled, seen=before.edition, by=world.rosa, now=NOW)
    assert set(error.value.problems) == {len(before.items) + 1, len(before.items) + 2}
    assert described(RubricVersion.objects.get(pk=draft.pk)) == before


def test_publishing_says_every_problem_and_publishes_nothing(world: World) -> None:
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    bad = with_item(described(draft), {"key": "depth", "kind": "ordinal", "question": "How deep?", "options": []})
    save_draft(version=draft, content=bad, seen=described(draft).edition, by=world.rosa, now=NOW)
    with pytest.raises(Unsound, match=r"“How deep\?”"):
        publish(version=draft, seen=bad.edition, by=world.rosa, now=NOW)
    assert draft_of(world.study) == draft


def test_a_draft_that_changes_nothing_is_not_published(world: World) -> None:
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    with pytest.raises(Refused, match="changes nothing"):
        publish(version=draft, seen=described(draft).edition, by=world.rosa, now=NOW)


def test_only_what_the_researcher_saw_is_published(world: World) -> None:
    draft = edited(world.study, world.rosa, lambda content: with_item(content))
    with pytest.raises(ChangedMeanwhile):
        publish(version=draft, seen="another-edition!", by=world.rosa, now=NOW)


def test_a_published_version_is_on_record_and_stays_as_it_is(world: World) -> None:
    version = published(world.study, world.rosa, lambda content: with_item(content))
    assert version.published_at == NOW
    event = AuditEvent.objects.get(study=world.study.pk, verb=AuditVerb.RUBRIC_PUBLISHED)
    assert (event.actor, event.detail["number"]) == (world.rosa.pk, version.number)
    content = described(version)
    with pytest.raises(Refused, match="published or thrown away"):
        save_draft(version=version, content=content, seen=content.edition, by=world.rosa, now=NOW)
    with pytest.raises(Refused, match="published or thrown away"):
        discard_draft(version=version, by=world.rosa, now=NOW)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE annotation_rubricversion SET guidance = 'other' WHERE id = %s",
        "UPDATE annotation_rubricitem SET question = 'other' WHERE version_id = %s",
        "DELETE FROM annotation_rubricitem WHERE version_id = %s",
        "DELETE FROM annotation_rubricversion WHERE id = %s",
    ],
)
def test_the_database_refuses_to_change_a_published_version_before_any_round_uses_it(
    world: World, statement: str
) -> None:
    version = published(world.study, world.rosa, lambda content: with_item(content))
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="is published"), transaction.atomic():
        cursor.execute(statement, [version.pk])


def test_the_next_draft_counts_on_and_rests_on_the_version_in_force(world: World) -> None:
    first = published(world.study, world.rosa, lambda content: with_item(content))
    second = start_draft(study=world.study, by=world.rosa, now=NOW)
    assert (second.rubric, second.number, second.based_on) == (first.rubric, first.number + 1, world.study.rubric)


def test_a_draft_thrown_away_is_gone_and_leaves_the_rest(world: World) -> None:
    draft = edited(world.study, world.rosa, lambda content: with_item(content))
    discard_draft(version=draft, by=world.rosa, now=NOW)
    assert draft_of(world.study) is None
    assert not Rubric.objects.filter(study=world.study).exists()
    assert described(world.study.rubric).items


@pytest.mark.parametrize("name", ["ada", "cora", "nora"])
def test_only_a_researcher_edits(world: World, name: str) -> None:
    person = getattr(world, name)
    with pytest.raises(Refused, match="role of researcher"):
        start_draft(study=world.study, by=person, now=NOW)
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    content = described(draft)
    with pytest.raises(Refused, match="role of researcher"):
        save_draft(version=draft, content=content, seen=content.edition, by=person, now=NOW)
    with pytest.raises(NotYours):
        publish(version=draft, seen=content.edition, by=world.sven, now=NOW)


def test_a_shipped_rubric_is_nobodys_to_edit(world: World) -> None:
    shipped = world.study.rubric
    content = described(shipped)
    with pytest.raises(NotYours):
        save_draft(version=shipped, content=content, seen=content.edition, by=world.rosa, now=NOW)


def test_changed_words_of_one_item_leave_the_others(world: World) -> None:
    version = published(world.study, world.rosa, lambda content: changed(content, "coherence", question="How whole?"))
    questions = {item["key"]: item["question"] for item in described(version).items}
    assert questions["coherence"] == "How whole?"
    assert len(questions) == world.study.rubric.items.count()
