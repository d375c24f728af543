"""The researcher's rubric pages: edited by plain forms, compared before publishing, adopted with what it costs."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from annotation.actions.rubrics import draft_of, save_draft, start_draft
from annotation.enums import RoundKind
from annotation.models import RubricVersion, Slot, Study, User
from annotation.rules.described_rubric import DescribedRubric, described
from annotation.rules.rubric import rubric_problems
from tests.rubric_world import added, adopted, changed, published
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]
NOTE = {"key": "note", "kind": "text", "question": "Anything else?", "required": False}


def address(name: str, world: World, *parts: object) -> str:
    return reverse(name, args=[world.study.slug, *parts])


def shown(response: Any) -> str:
    return response.content.decode()


class Form(HTMLParser):
    """The fields of a page as a browser without JavaScript would send them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.area: str | None = None
        self.select: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        kind = given.get("type")
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.fields.append((self.select, given.get("value") or ""))
        elif tag == "textarea":
            self.area = name
            self.fields.append((name, ""))
        elif tag == "input" and name and (kind not in ("radio", "checkbox") or "checked" in given):
            self.fields.append((name, given.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        self.area = None if tag == "textarea" else self.area
        self.select = None if tag == "select" else self.select

    def handle_data(self, data: str) -> None:
        if self.area:
            self.fields[-1] = (self.area, self.fields[-1][1] + data)


def form_of(response: Any) -> dict[str, Any]:
    """Fields by name; a list for each, so that checkboxes keep all that are chosen."""
    form: dict[str, Any] = {}
    for name, value in Form(shown(response)).fields:
        form.setdefault(name, []).append(value)
    return form


@pytest.fixture
def rosa(world: World, signed_in: SignIn) -> Client:
    return signed_in(world.rosa)


@pytest.fixture
def draft(world: World) -> RubricVersion:
    return start_draft(study=world.study, by=world.rosa, now=NOW)


def editor(rosa: Client, world: World) -> dict[str, Any]:
    return form_of(rosa.get(address("edit_rubric", world)))


def saved(world: World) -> DescribedRubric:
    version = draft_of(world.study)
    assert version is not None
    return described(version)


def press(rosa: Client, world: World, button: str, **changes: Any) -> Any:
    return rosa.post(address("edit_rubric", world), editor(rosa, world) | changes | {"do": button})


def test_the_page_shows_the_version_in_force_and_starts_a_draft(world: World, rosa: Client) -> None:
    html = shown(rosa.get(address("rubric", world)))
    assert "Start a draft" in html
    assert "10.2196/81134" in html
    assert "No common thread" in html
    assert rosa.post(address("start_rubric", world)).status_code == 303
    assert "Go on editing" in shown(rosa.get(address("rubric", world)))


def test_the_editor_saves_back_what_it_shows_without_changing_a_word(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    before = described(draft)
    assert press(rosa, world, "save").status_code == 303
    assert saved(world) == before == described(world.study.rubric)


def test_words_are_saved_and_the_time_is_said(world: World, rosa: Client, draft: RubricVersion) -> None:
    response = rosa.post(
        address("edit_rubric", world),
        editor(rosa, world) | {"item-3-question": "How whole is it?", "guidance": "Read twice.\r\nThen answer."},
        follow=True,
    )
    assert re.search(r"Saved \d\d:\d\d\.", shown(response))
    assert saved(world).items[2]["question"] == "How whole is it?"
    assert saved(world).guidance == "Read twice.\nThen answer."


@pytest.mark.parametrize(
    ("button", "keys"),
    [
        ("up:2", ["category", "concept", "coherence"]),
        ("down:1", ["category", "concept", "coherence"]),
        ("remove:2", ["concept", "coherence", "misfits"]),
    ],
)
def test_items_are_moved_and_removed_by_buttons(
    world: World, rosa: Client, draft: RubricVersion, button: str, keys: list[str]
) -> None:
    assert press(rosa, world, button).status_code == 303
    assert [item["key"] for item in saved(world).items][:3] == keys


def test_what_is_written_is_kept_by_every_button(world: World, rosa: Client, draft: RubricVersion) -> None:
    press(rosa, world, "down:1", **{"item-1-question": "What is it?"})
    assert saved(world).items[1]["question"] == "What is it?"


def test_an_added_item_takes_its_name_from_its_question_until_it_is_named_by_hand(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    place = len(described(draft).items) + 1
    response = press(rosa, world, "add:ordinal")
    assert "autofocus" in shown(rosa.get(response["Location"]))
    press(rosa, world, "save", **{f"item-{place}-question": "How deep"})
    assert saved(world).items[-1]["key"] == "how-deep"
    press(rosa, world, "save", **{f"item-{place}-question": "How deep does it go?"})
    assert saved(world).items[-1]["key"] == "how-deep-does-it-go"
    press(rosa, world, "save", **{f"item-{place}-key": "depth"})
    press(rosa, world, "save", **{f"item-{place}-question": "How far down?"})
    assert saved(world).items[-1]["key"] == "depth"


def test_a_published_name_stays_whatever_the_question_becomes(world: World, rosa: Client, draft: RubricVersion) -> None:
    press(rosa, world, "save", **{"item-3-question": "Coherence?", "item-2-option-1-label": "Symptom"})
    assert saved(world).items[2]["key"] == "coherence"
    assert saved(world).items[1]["options"][0]["value"] == "finding"


def test_options_and_examples_are_added_where_the_button_stands(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    number = len(described(draft).items[1]["options"]) + 1
    press(rosa, world, "add-option:2")
    press(rosa, world, "save", **{f"item-2-option-{number}-label": "Plan or order"})
    assert saved(world).items[1]["options"][-1] == {"value": "plan-or-order", "label": "Plan or order", "help": ""}
    examples = saved(world).items[0]["examples"]
    press(rosa, world, "remove-example:1:1")
    assert saved(world).items[0]["examples"] == examples[1:]


def test_a_condition_names_an_earlier_item_and_follows_it_where_it_is_renamed(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    place = len(described(draft).items) + 1
    press(
        rosa,
        world,
        "add:nominal",
    )
    options = {f"item-{place}-option-1-label": "Left", f"item-{place}-option-2-label": "Right"}
    press(rosa, world, "add:text", **{f"item-{place}-question": "Which side?", **options})
    press(
        rosa, world, "save",
        **{
            f"item-{place + 1}-question": "Say more.",
            f"item-{place + 1}-after": "which-side",
            f"item-{place + 1}-after-which-side": ["left"],
        },
    )  # fmt: skip
    assert saved(world).items[-1]["condition"] == {"item": "which-side", "values": ["left"]}
    press(rosa, world, "save", **{f"item-{place}-key": "side", f"item-{place}-option-1-value": "l"})
    assert saved(world).items[-1]["condition"] == {"item": "side", "values": ["l"]}
    assert not rubric_problems(saved(world).items)


def test_what_a_condition_rests_on_is_not_lost_silently_when_it_is_removed(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    press(rosa, world, "remove:3")
    html = shown(rosa.get(address("edit_rubric", world)))
    assert "no longer there" in html
    press(rosa, world, "save")
    assert saved(world).items[2]["condition"]["item"] == "coherence"
    assert "which is no earlier item" in html


def test_problems_stand_at_their_items_while_the_draft_is_kept(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    press(rosa, world, "add:ordinal")
    html = shown(rosa.get(address("edit_rubric", world)))
    assert "The question is missing." in html
    assert "Point 1 has no anchor" in html


def test_two_items_of_one_name_are_not_saved_and_everything_written_is_still_there(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    press(rosa, world, "add:text")
    place = len(saved(world).items)
    response = press(rosa, world, "save", **{f"item-{place}-key": "coherence", f"item-{place}-question": "Keep me."})
    assert response.status_code == 422
    assert "Another item is stored as “coherence”" in shown(response)
    assert "Keep me." in shown(response)


def test_who_read_an_older_draft_is_shown_both_and_chooses(world: World, rosa: Client, draft: RubricVersion) -> None:
    mine = editor(rosa, world) | {"item-1-question": "My words"}
    before = described(draft)
    theirs = changed(before, "concept", question="Their words")
    save_draft(version=draft, content=theirs, seen=before.edition, by=world.rosa, now=NOW)
    response = rosa.post(address("edit_rubric", world), mine)
    html = shown(response)
    assert response.status_code == 409
    assert "Somebody else saved this draft" in html
    assert "Their" in html
    assert 'value="My words"' in html
    assert saved(world) == theirs
    again = form_of(response)
    assert rosa.post(address("edit_rubric", world), again).status_code == 409
    assert rosa.post(address("edit_rubric", world), again | {"over": theirs.edition}).status_code == 303
    assert saved(world).items[0]["question"] == "My words"


def test_a_page_that_saves_by_itself_is_answered_in_json(world: World, rosa: Client, draft: RubricVersion) -> None:
    form = editor(rosa, world) | {"guidance": "By itself."}
    headers = {"accept": "application/json"}
    answer = rosa.post(address("edit_rubric", world), form, headers=headers)
    assert answer.status_code == 200
    told = answer.json()
    assert told["seen"] == saved(world).edition
    assert told["names"]["item-1-was"] == "concept"
    assert rosa.post(address("edit_rubric", world), form | {"guidance": "Older."}, headers=headers).status_code == 409
    assert saved(world).guidance == "By itself."


def test_the_preview_checks_answers_as_a_rating_is_checked_and_stores_none(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    page = address("rubric_preview", world)
    assert "How well do the snippets hold together?" in shown(rosa.get(page))
    answers = {
        "concept": "chest pain", "category": "finding", "coherence": "5", "specificity": "4", "confidence": "4",
        "misfits": "not asked", "rationale": "They share it.",
    }  # fmt: skip
    complete = rosa.post(page, answers)
    assert "a rating would hold this" in shown(complete)
    assert "not asked</dd>" not in shown(complete)
    assert rosa.post(page, answers | {"coherence": ""}).status_code == 422
    assert not world.study.ratings.exists()


def test_publishing_shows_the_difference_first_and_leads_to_adopting(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    press(rosa, world, "save", **{"item-3-question": "How whole is it?"})
    page = address("publish_rubric", world)
    html = shown(rosa.get(page))
    assert "<ins>" in html
    assert "whole" in html
    response = rosa.post(page, form_of(rosa.get(page)))
    version = RubricVersion.objects.get(rubric__study=world.study)
    assert version.published_at is not None
    assert response["Location"] == address("adopt_rubric", world, version.pk)


def test_an_unfinished_draft_is_not_published_and_says_what_it_lacks(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    press(rosa, world, "add:ordinal")
    page = address("publish_rubric", world)
    html = shown(rosa.get(page))
    assert "What it lacks" in html
    assert "Publish version" not in html.split("</h1>")[1]
    rosa.post(page, {"seen": saved(world).edition})
    assert draft_of(world.study) is not None


def test_adopting_tells_what_asking_again_costs_and_does_what_was_chosen(world: World, rosa: Client) -> None:
    rating = rate_next(world.study, world.ada)
    assert rating is not None
    version = published(world.study, world.rosa, lambda content: changed(content, "concept", question="Name it."))
    page = address("adopt_rubric", world, version.pk)
    html = shown(rosa.get(page))
    assert "1 rating by 1 rater on 1 latent, 40 s together" in " ".join(html.split())
    assert "Round 1 is open" in html
    unsaid = rosa.post(page, {})
    assert unsaid.status_code == 422
    assert "Say first which ratings" in shown(unsaid)
    assert rosa.post(page, {"ask": "states"}).status_code == 422
    assert rosa.post(page, {"ask": "touched"}).status_code == 303
    assert Study.objects.get(pk=world.study.pk).rubric == version
    places = Slot.objects.filter(round__kind=RoundKind.AGAIN)
    assert list(places.values_list("latent", "reserved_for")) == [(rating.latent_id, world.ada.pk)]


def test_a_rater_is_asked_the_new_version_in_the_round_that_asks_again(
    world: World, rosa: Client, signed_in: SignIn
) -> None:
    rate_next(world.study, world.ada)
    version = published(world.study, world.rosa, lambda content: added(content, NOTE))
    rosa.post(address("adopt_rubric", world, version.pk), {"ask": "touched"})
    html = shown(signed_in(world.ada).get(reverse("rate", args=[world.study.slug])))
    assert "Anything else?" in html


@pytest.mark.parametrize(
    "name", ["rubric", "edit_rubric", "rubric_preview", "publish_rubric", "adopt_rubric", "rubric_version"]
)
def test_the_pages_are_the_researchers(world: World, signed_in: SignIn, name: str) -> None:
    parts = [world.study.rubric_id] if name in ("adopt_rubric", "rubric_version") else []
    page = address(name, world, *parts)
    for person in (world.ada, world.cora, world.nora):
        assert signed_in(person).get(page).status_code == 403
    assert signed_in(world.sven).get(page).status_code == 404
    assert Client().get(page).status_code == 302


def test_another_studys_versions_are_not_there(world: World, rosa: Client) -> None:
    other = Study.objects.get(pk=world.study.pk)
    other.pk, other.slug, other._state.adding = None, "lungs", True
    other.save()
    other.memberships.create(user=world.cora, role="researcher", pseudonym="X1", joined_at=NOW)
    foreign = published(other, world.cora, lambda content: added(content, NOTE))
    assert rosa.get(address("rubric_version", world, foreign.pk)).status_code == 404
    assert rosa.post(address("adopt_rubric", world, foreign.pk), {"ask": "none"}).status_code == 404


def test_a_draft_is_thrown_away_and_pages_of_no_draft_lead_back(
    world: World, rosa: Client, draft: RubricVersion
) -> None:
    assert rosa.post(address("discard_rubric", world)).status_code == 303
    assert draft_of(world.study) is None
    for name in ("edit_rubric", "rubric_preview", "publish_rubric"):
        assert rosa.get(address(name, world))["Location"] == address("rubric", world)


def test_an_earlier_version_can_be_looked_at_and_adopted_again(world: World, rosa: Client) -> None:
    before = world.study.rubric
    adopted(world.study, world.rosa, lambda content: added(content, NOTE))
    html = shown(rosa.get(address("rubric", world)))
    assert address("adopt_rubric", world, before.pk) in html
    page: HttpResponse = rosa.get(address("adopt_rubric", world, before.pk))
    assert "Removed" in shown(page)


def test_nul_and_markup_in_the_draft_are_only_text(world: World, rosa: Client, draft: RubricVersion) -> None:
    press(rosa, world, "save", **{"item-1-question": "a\x00<script>alert(1)</script>"})
    assert saved(world).items[0]["question"] == "a<script>alert(1)</script>"
    for name in ("edit_rubric", "publish_rubric", "rubric_preview"):
        assert "<script>alert(1)" not in shown(rosa.get(address(name, world)))


def test_pages_take_the_same_number_of_statements_for_few_and_many_items(
    world: World, rosa: Client, draft: RubricVersion, django_assert_max_num_queries: Any
) -> None:
    before = described(draft)
    many = replace(before, items=before.items + tuple({**before.items[1], "key": f"more-{n}"} for n in range(8)))
    save_draft(version=draft, content=many, seen=before.edition, by=world.rosa, now=NOW)
    for name, most in (("edit_rubric", 11), ("rubric", 14), ("publish_rubric", 12)):
        with django_assert_max_num_queries(most):
            rosa.get(address(name, world))
