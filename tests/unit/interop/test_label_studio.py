"""Tasks from a release's files alone, and what an export must be like to be read."""

import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from annotation.interop.label_studio.controls import Item, labeling_config, results
from annotation.interop.label_studio.reading import read_export
from annotation.interop.label_studio.writing import write_tasks
from annotation.interop.released import Released
from annotation.interop.unreadable import Unreadable

ITEMS = [
    Item(key="concept", kind="concept", question="What do the words share? <&>"),
    Item(key="coherence", kind="ordinal", question="Coherent?", options=(("1", "No"), ("2", "Yes & “all”"))),
    Item(key="flags", kind="flags", question="Flags?", options=(("negated", "Negated"), ("family", "Family"))),
]
RUBRIC = {"rubric": "R", "rubric_version": 2}


def released(folder: Path, *, text: bool) -> Released:
    """A release of one latent, two current ratings and one that gave way."""
    rating = {
        **RUBRIC,
        "latent": 3,
        "identity": "i3",
        "round": 1,
        "round_kind": "independent",
        "revision": 1,
        "current": True,
        "rater": "R01",
        "outcome": "answered",
        "concept": "angina",
        "rationale": "All of them.",
        "answer_coherence": 2,
        "answer_flags": ["negated", "family"],
        "active_seconds": 12.5,
        "submitted_at": "2026-11-20T09:00:00Z",
    }
    silent = {
        "concept": None,
        "rationale": None,
        "answer_coherence": None,
        "answer_flags": None,
        "active_seconds": None,
    }
    option = {**RUBRIC, "help": None, "required": True, "option": None, "option_label": None}
    tables: dict[str, list[dict[str, Any]]] = {
        "ratings": [
            {**rating, "current": False},
            {**rating, "revision": 2},
            {**rating, **silent, "rater": "R02", "outcome": "cannot-tell"},
            {**rating, "rater": "R03", "rubric_version": 1},
        ],
        "latents": [{"latent": 3, "identity": "i3", "sae": "S", "calibration_set": None}],
        "rubrics": [
            {
                **option,
                "item": item.key,
                "kind": item.kind,
                "question": item.question,
                "option": value,
                "option_label": label,
            }
            for item in ITEMS
            for value, label in (item.options or ((None, None),))
        ],
    }
    if text:
        tables["snippets"] = [{"snippet": 12, "text": "Chest pain."}]
    for name, rows in tables.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = [{"table": name, "format": "jsonl", "name": f"{name}.jsonl"} for name in tables]
    facts = {"study": {"slug": "hearts"}, "release": {"number": 1}, "cut_at": "now", "simulated": False}
    return Released(folder, {**facts, "files": files, "rubric": {"name": "R", "version": 2}}, "d" * 64)


def written(folder: Path, *, text: bool = False) -> tuple[dict[str, Any], str]:
    source, target = folder / "release", folder / "out"
    source.mkdir()
    target.mkdir()
    shown = {3: [{"snippet": 12, "kind": "top", "rank": 1}]}
    assert write_tasks(target, released(source, text=text), shown) == {"tasks": 1, "annotations": 2}
    (task,) = json.loads((target / "tasks.json").read_text())
    return task, (target / "config.xml").read_text()


def test_a_task_has_the_current_ratings_to_the_rubric_in_force(tmp_path: Path) -> None:
    task, _ = written(tmp_path)
    first, second = task["annotations"]
    assert {result["from_name"]: result["value"] for result in first["result"]} == {
        "outcome": {"choices": ["answered"]},
        "concept": {"text": ["angina"]},
        "coherence": {"choices": ["2"]},
        "flags": {"choices": ["negated", "family"]},
        "rationale": {"text": ["All of them."]},
        "rater": {"text": ["R01"]},
    }
    assert {result["from_name"] for result in second["result"]} == {"outcome", "rater"}
    assert first["lead_time"] == 12.5
    assert "lead_time" not in second


def test_texts_are_there_only_where_the_release_holds_them(tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "with").mkdir()
    task, config = written(tmp_path / "without")
    assert task["data"]["snippets"] == [{"snippet": "12", "kind": "top", "rank": 1}]
    assert "Paragraphs" not in config
    task, config = written(tmp_path / "with", text=True)
    assert task["data"]["snippets"] == [{"snippet": "12", "kind": "top", "rank": 1, "text": "Chest pain."}]
    assert ElementTree.fromstring(config).find("Paragraphs") is not None


def test_the_config_says_the_rubrics_own_values_whatever_their_letters() -> None:
    config = ElementTree.fromstring(labeling_config(ITEMS, with_text=False))
    choices = {tag.get("name"): tag for tag in config.iter("Choices")}
    assert [choice.get("hint") for choice in choices["coherence"]] == ["No", "Yes & “all”"]
    assert choices["flags"].get("choice") == "multiple"
    assert "What do the words share? <&>" in {tag.get("value") for tag in config.iter("Header")}


def test_ids_of_results_are_the_same_each_time_and_differ_between_ratings() -> None:
    def ids(of: str) -> list[str]:
        return [one["id"] for one in results({"concept": "x", "flags": []}, {"concept": "textarea"}, of=of)]

    assert ids("a") == ids("a") != ids("b")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[" * 100_000, "e.json: no JSON, or nested too deeply"),
        (b"\xff", "e.json: no JSON"),
        (b"PK\x03\x04", "e.json is a pickle or an archive"),
        (b'[{"data": {"latent": true, "identity": "i"}, "annotations": []}]', "do not say which latent"),
        (b'[{"data": {"latent": 1, "identity": "i"}, "annotations": [{"result": {}}]}]', "has no list of results"),
        (b'[{"data": {"latent": 1, "identity": "i"}, "annotations": [{"result": [7]}]}]', "lacks `from_name`"),
        (b"[7]", "task 1: lacks `data`"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "e.json"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=sentence):
        read_export(path)


def test_a_file_that_label_studio_exported_is_read() -> None:
    path = Path(os.environ.get("INTEROP_FILES", ""), "label-studio", "export.json")
    if not path.is_file():
        pytest.skip("INTEROP_FILES names no folder with label-studio/export.json")
    export = read_export(path)
    there = [answer for answer in export.answers if not answer.released]
    assert len(there) == export.tasks > 0
    assert {answer.annotator for answer in there} == {"1"}
    assert all(answer.at and answer.rubric_version for answer in there)
    back = [answer for answer in export.answers if answer.released]
    assert {len(answer.released) for answer in back} == {64}
