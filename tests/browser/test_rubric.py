"""The researcher's walk in real Chromium: a rubric edited, tried, published and adopted, and a rater asked it."""

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotation.actions.rounds import open_round
from annotation.actions.rubrics import draft_of, save_draft, start_draft
from annotation.models import Rating, Study
from annotation.rules.described_rubric import described
from tests.browser.enter import enter
from tests.browser.keys import press
from tests.rubric_world import added, adopted, changed
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
TARGET = 44
SAVED = re.compile(r"saved \d\d:\d\d")
Open = Callable[..., Page]


@pytest.fixture
def open_page(world: World, live_server: LiveServer, context: BrowserContext) -> Open:
    """Rosa, signed in, on a page of the study."""

    def opened(name: str, *parts: object, on: BrowserContext | None = None) -> Page:
        enter(on or context, live_server.url, world.rosa)
        page = (on or context).new_page()
        page.goto(live_server.url + reverse(name, args=[world.study.slug, *parts]))
        return page

    return opened


def questions(world: World) -> list[str]:
    version = draft_of(world.study)
    assert version is not None
    return [item["question"] for item in described(version).items]


def test_the_whole_way_from_a_draft_to_a_rating_under_it(
    world: World, live_server: LiveServer, open_page: Open, new_context: Callable[..., BrowserContext]
) -> None:
    rate_next(world.study, world.ada)
    page = open_page("rubric")
    page.get_by_role("button", name="Start a draft").click()
    page.get_by_role("button", name="Free text").click()
    expect(page.get_by_label("Question").last).to_be_focused()
    page.keyboard.type("Which notes does it come from?")
    page.get_by_label("Asked", exact=True).last.select_option(
        label="Only after certain answers to 2. What kind of thing is it?"
    )
    page.locator("#item-8").get_by_role("checkbox", name="Finding or symptom").check()
    expect(page.locator("[data-rubric-saved]")).to_have_text(SAVED)
    page.get_by_role("button", name="As raters see it").click()

    hidden = page.get_by_label("Which notes does it come from?")
    expect(hidden).to_be_hidden()
    page.get_by_role("radio", name="Finding or symptom").check()
    expect(hidden).to_be_visible()
    page.get_by_role("radio", name="Medication").check()
    expect(hidden).to_be_hidden()
    page.get_by_role("link", name="Back to the editor").click()

    page.get_by_role("button", name="Review and publish").click()
    expect(page.get_by_text("New, as item 8: free text")).to_be_visible()
    page.get_by_role("button", name=re.compile("Publish version")).click()
    expect(page.get_by_text("All that the changes touch: 1 rating by 1 rater")).to_be_visible()
    page.get_by_role("radio", name="All that the changes touch").check()
    page.get_by_role("button", name=re.compile("Adopt version")).click()
    expect(page.get_by_text("is in force. Rounds that you open")).to_be_visible()
    assert Study.objects.get(pk=world.study.pk).rubric.rubric.study == world.study

    ada = new_context()
    enter(ada, live_server.url, world.ada)
    rating = ada.new_page()
    rating.goto(live_server.url + reverse("rate", args=[world.study.slug]))
    rating.get_by_label("What do the highlighted words share?").fill("chest pain")
    rating.get_by_role("radio", name="Finding or symptom").check()
    for name in ("coherence", "specificity", "confidence"):
        rating.locator(f"[name={name}][value='4']").check()
    rating.get_by_label("Which notes does it come from?").fill("Notes of the ward.")
    rating.get_by_label("Why?").fill("Pain in the chest, throughout.")
    rating.get_by_role("button", name="Submit rating").click()
    expect(rating.get_by_text(re.compile(r"Saved \d\d:\d\d"))).to_be_visible()
    newest = Rating.objects.latest("pk")
    assert newest.answers["which-notes-does-it-come"] == "Notes of the ward."
    assert newest.round.rubric.rubric.study == world.study


def test_words_are_saved_by_themselves_and_survive_a_reload(world: World, open_page: Open) -> None:
    start_draft(study=world.study, by=world.rosa, now=NOW)
    page = open_page("edit_rubric")
    page.locator("#item-3 summary").first.click()
    page.locator("#item-3").get_by_label("Question").fill("How whole is it?")
    expect(page.locator("[data-rubric-saved]")).to_have_text(SAVED)
    page.reload()
    expect(page.get_by_role("heading", name="How whole is it?")).to_be_visible()
    assert questions(world)[2] == "How whole is it?"


def test_items_are_moved_by_keyboard_alone_and_the_focus_goes_with_them(world: World, open_page: Open) -> None:
    start_draft(study=world.study, by=world.rosa, now=NOW)
    before = questions(world)
    page = open_page("edit_rubric")
    page.get_by_role("button", name="Move item 3 up").focus()
    press(page, "Enter")
    expect(page.get_by_role("button", name="Move item 2 up")).to_be_focused()
    press(page, "Enter")
    expect(page.get_by_role("button", name="Move item 1 down")).to_be_focused()
    assert questions(world)[:3] == [before[2], before[0], before[1]]


def test_what_another_researcher_saved_is_not_overwritten_by_a_page_that_saves_by_itself(
    world: World, open_page: Open, complaints: list[str]
) -> None:
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    page = open_page("edit_rubric")
    before = described(draft)
    theirs = changed(before, "concept", question="Their words?")
    save_draft(version=draft, content=theirs, seen=before.edition, by=world.rosa, now=NOW)
    page.locator("#item-3 summary").first.click()
    page.locator("#item-3").get_by_label("Question").fill("My words?")
    expect(page.locator("[data-rubric-saved]")).to_contain_text("Somebody else saved this draft")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Somebody else saved this draft since you opened it")).to_be_visible()
    assert questions(world)[0] == "Their words?"
    page.get_by_role("button", name="Keep mine, over theirs").click()
    expect(page.get_by_role("heading", name="My words?")).to_be_visible()
    assert "My words?" in questions(world)
    complaints[:] = [complaint for complaint in complaints if "409" not in complaint]


def test_the_editor_works_without_javascript(
    world: World, open_page: Open, new_context: Callable[..., BrowserContext]
) -> None:
    page = open_page("rubric", on=new_context(java_script_enabled=False))
    page.get_by_role("button", name="Start a draft").click()
    page.locator("#item-7 summary").first.click()
    page.get_by_role("button", name="Add an option").last.click()
    label = page.locator("[name=item-7-option-4-label]")
    label.fill("Copied text")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile(r"Saved \d\d:\d\d\."))).to_be_visible()
    version = draft_of(world.study)
    assert version is not None
    assert described(version).items[6]["options"][3]["value"] == "copied-text"
    page.get_by_role("button", name="As raters see it").click()
    expect(page.get_by_text("Asked after 1, 2 or 3 at")).to_be_visible()


def test_without_javascript_a_conditional_item_is_shown_always_and_ignored_where_it_does_not_hold(
    world: World, live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> None:
    adopted(
        world.study,
        world.rosa,
        lambda content: added(
            content,
            {
                "key": "dose",
                "kind": "text",
                "question": "Which dose?",
                "condition": {"item": "category", "values": ["medication"]},
            },
        ),
    )
    world.study.rounds.update(state="closed", closed_at=NOW)
    open_round(study=world.study, by=world.rosa, now=NOW)
    context = new_context(java_script_enabled=False)
    enter(context, live_server.url, world.ada)
    page = context.new_page()
    page.goto(live_server.url + reverse("rate", args=[world.study.slug]))
    page.get_by_label("Which dose?").fill("Not asked, so not kept.")
    page.get_by_label("What do the highlighted words share?").fill("chest pain")
    page.get_by_role("radio", name="Finding or symptom").check()
    for name in ("coherence", "specificity", "confidence"):
        page.locator(f"[name={name}][value='4']").check()
    page.get_by_label("Why?").fill("Pain in the chest.")
    page.get_by_role("button", name="Submit rating").click()
    expect(page.get_by_text(re.compile(r"Saved \d\d:\d\d"))).to_be_visible()
    assert "dose" not in Rating.objects.get().answers


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((1440, 900), marks=pytest.mark.walks),
        pytest.param((1024, 768), marks=pytest.mark.walks),
        pytest.param((390, 844)),
    ],
)
def test_no_page_overflows_and_every_target_is_large_enough(
    world: World, open_page: Open, new_context: Callable[..., BrowserContext], size: tuple[int, int]
) -> None:
    rate_next(world.study, world.ada)
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    content = described(draft)
    save_draft(
        version=draft, content=changed(content, "coherence", help="Other words."), seen=content.edition,
        by=world.rosa, now=NOW,
    )  # fmt: skip
    width, height = size
    context = new_context(viewport={"width": width, "height": height}, has_touch=True)
    for name, parts in (
        ("rubric", ()), ("edit_rubric", ()), ("rubric_preview", ()), ("publish_rubric", ()),
        ("rubric_version", (world.study.rubric_id,)),
    ):  # fmt: skip
        page = open_page(name, *parts, on=context)
        page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        small = page.evaluate(
            f"const smallest = matchMedia('(pointer: fine)').matches ? 36 : {TARGET};"
            "[...document.querySelectorAll('main button, main summary, main a.button, main select')]"
            ".filter((control) => control.checkVisibility() && !control.classList.contains('visually-hidden'))"
            ".filter((control) => control.getBoundingClientRect().height < smallest)"
            ".map((control) => control.textContent.trim())"
        )
        assert small == [], name
        page.close()
