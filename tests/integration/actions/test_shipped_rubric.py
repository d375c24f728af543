"""The rubric that ships can be rated as it is, and says on what it rests."""

import json
from pathlib import Path
from typing import Any

import pytest

from annotation.actions.rubrics import publish, save_draft, start_draft
from annotation.actions.shipped_rubric import SHIPPED, publish_from_file
from annotation.enums import ItemKind
from annotation.models import RubricVersion
from annotation.rules.described_rubric import described
from annotation.rules.refusal import Refused
from annotation.rules.rubric_item import SCALES
from tests.rubric_world import removed
from tests.world import NOW, World, rate_next


@pytest.fixture
def shipped(db: None) -> RubricVersion:
    return publish_from_file(by=None, now=NOW)


def test_every_point_of_every_scale_says_what_it_means(shipped: RubricVersion) -> None:
    scales = shipped.items.filter(kind__in=SCALES)
    assert scales.count() == 3
    for item in scales:
        assert all(option["label"] and option["help"] for option in item.options), item.key


def test_every_question_that_needs_judgement_has_worked_examples_with_reasons(shipped: RubricVersion) -> None:
    for item in shipped.items.exclude(kind=ItemKind.CONFIDENCE):
        assert item.examples, item.key
        assert all(example["why"] for example in item.examples), item.key


def test_an_example_of_a_closed_item_answers_with_one_of_its_options(shipped: RubricVersion) -> None:
    for item in shipped.items.exclude(options=[]):
        offered = {str(option["value"]) for option in item.options}
        assert {example["answer"] for example in item.examples} <= offered, item.key


def test_its_sources_can_be_looked_up(shipped: RubricVersion) -> None:
    sources = shipped.sources.splitlines()
    assert len(sources) >= 3
    assert all("doi 10." in source or "arXiv " in source for source in sources)
    assert any("10.2196/81134" in source for source in sources)


def test_what_breaks_the_thread_is_asked_only_where_something_does(world: World) -> None:
    whole = rate_next(world.study, world.ada, coherence=4, misfits="dates")
    broken = rate_next(world.study, world.ada, coherence=2, misfits="dates")
    assert whole is not None
    assert broken is not None
    assert "misfits" not in whole.answers
    assert broken.answers["misfits"] == "dates"


def test_the_same_file_again_is_the_same_version(shipped: RubricVersion) -> None:
    assert publish_from_file(by=None, now=NOW) == shipped


def test_other_words_in_the_file_are_the_next_version(shipped: RubricVersion, tmp_path: Path) -> None:
    content = json.loads(SHIPPED.read_text()) | {"sources": "Somebody 2027"}
    other = tmp_path / "rubric.json"
    other.write_text(json.dumps(content))
    version = publish_from_file(other, by=None, now=NOW)
    assert (version.rubric, version.number, version.based_on) == (shipped.rubric, shipped.number + 1, shipped)


def test_a_study_may_edit_a_copy_of_it_and_the_shipped_one_stays(world: World) -> None:
    draft = start_draft(study=world.study, by=world.rosa, now=NOW)
    content = removed(described(draft), "misfits")
    save_draft(version=draft, content=content, seen=described(draft).edition, by=world.rosa, now=NOW)
    publish(version=draft, seen=content.edition, by=world.rosa, now=NOW)
    assert world.study.rubric.items.filter(key="misfits").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "no JSON object"),
        ('{"name": "A"}', "lacks guidance and items"),
        ('{"name": "A", "guidance": "", "items": {}}', "its items are not a list"),
        ('{"name": "A", "guidance": "", "items": [3]}', "Item 1 of the rubric is no object"),
        ('{"name": "A", "guidance": "", "items": [{"key": "concept"}]}', "lacks kind and question"),
    ],
)
def test_a_file_that_is_no_rubric_gets_a_sentence(db: None, tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "rubric.json"
    path.write_text(content)
    with pytest.raises(Refused, match=sentence):
        publish_from_file(path, by=None, now=NOW)
    assert not RubricVersion.objects.exists()


def test_a_missing_file_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        publish_from_file(tmp_path / "none.json", by=None, now=NOW)


def test_the_file_holds_nothing_that_is_not_published(shipped: RubricVersion) -> None:
    items: list[dict[str, Any]] = json.loads(SHIPPED.read_text())["items"]
    for given, stored in zip(items, described(shipped).items, strict=True):
        assert given.items() <= stored.items()
