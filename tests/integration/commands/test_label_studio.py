"""A release becomes Label Studio tasks; what is rated there comes back as a round of its own, counted or not."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from annotation.actions.releasing import request_release, write_release
from annotation.actions.results import compute_results
from annotation.enums import AuditVerb, ReleaseState, RoundKind
from annotation.models import (
    AuditEvent,
    Consensus,
    Document,
    ExternalRater,
    ExternalRound,
    Institution,
    Membership,
    Rating,
    Release,
    Round,
    Slot,
    User,
)
from annotation.queries.opinions import ratings_before_adjudicator
from annotation.queries.rating_records import all_ratings, current_ratings
from annotation.queries.scorable_rationales import scorable_rationales
from tests import world as worlds
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db(transaction=True)
Tasks = list[dict[str, Any]]
WHERE = ("--source", "Rated in Lyon under our agreement.", "--exported-by", "Dr Roux", "--institution", "lyon")
SAID = (*WHERE, "--institution-name", "Hospices de Lyon")


@pytest.fixture
def released(transactional_db: None) -> World:
    world = worlds.build()
    while rate_next(world.study, world.ada):
        pass
    rate_next(world.study, world.ben, outcome="cannot-tell", rationale="")
    while rate_next(world.study, world.ben, concept="Angina, “typical”"):
        pass
    cut(world)
    return world


def cut(world: World) -> Release:
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW + timedelta(minutes=5))
    release.refresh_from_db()
    assert release.state == ReleaseState.READY, release.failure
    return release


def exported(folder: Path) -> Tasks:
    call_command("export_latents", "label-studio", str(folder), "--study", "hearts", stdout=StringIO())
    return list(json.loads((folder / "tasks.json").read_text()))


def rated_there(tasks: Tasks, *annotators: object, concept: str = "angina pectoris") -> Tasks:
    """As Label Studio exports it when these people have answered each task as Ada did here, with another concept."""
    there = copy.deepcopy(tasks)
    for number, task in enumerate(there, start=1):
        (first, *_) = task["annotations"]
        kept = [result for result in first["result"] if result["from_name"] != "rater"]
        for result in kept:
            if result["from_name"] == "concept":
                result["value"] = {"text": [concept]}
        task["id"] = number
        task["annotations"] = [
            {
                "id": 10 * number + place,
                "completed_by": annotator,
                "result": kept,
                "was_cancelled": False,
                "lead_time": 61.2,
                "created_at": "2026-11-20T09:00:00.000000Z",
            }
            for place, annotator in enumerate(annotators)
        ]
    return there


def imported(path: Path, tasks: object, *more: str) -> str:
    path.write_text(json.dumps(tasks))
    out = StringIO()
    call_command("import_ratings", str(path), "--study", "hearts", *more, stdout=out)
    return out.getvalue()


def test_a_release_leaves_as_tasks_with_every_raters_answer_and_no_text(released: World, tmp_path: Path) -> None:
    tasks = exported(tmp_path / "out")
    assert len(tasks) == 6
    assert {len(task["annotations"]) for task in tasks} == {2}
    config = ElementTree.fromstring((tmp_path / "out" / "config.xml").read_text())
    controls = {tag.get("name"): tag for tag in config.iter() if tag.get("toName")}
    raters = set()
    for task in tasks:
        assert all(set(one) == {"snippet", "kind", "rank"} for one in task["data"]["snippets"])
        for annotation in task["annotations"]:
            for result in annotation["result"]:
                control = controls[result["from_name"]]
                assert control.tag.lower() == result["type"]
                offered = {choice.get("value") for choice in control.iter("Choice")}
                assert set(result["value"].get("choices", [])) <= offered
            raters |= {r["value"]["text"][0] for r in annotation["result"] if r["from_name"] == "rater"}
    assert raters == {"R01", "R02"}
    everything = "\n".join(path.read_text() for path in (tmp_path / "out").iterdir())
    assert not any(document.text in everything for document in Document.objects.all())
    assert "hospital.example" not in everything


def test_ratings_made_there_are_a_round_of_their_own_under_pseudonyms(released: World, tmp_path: Path) -> None:
    there = rated_there(exported(tmp_path / "out"), 7, {"id": 9, "email": "roux@lyon.example"})
    there[0]["annotations"].append({**there[0]["annotations"][0], "completed_by": 8, "was_cancelled": True})
    told = imported(tmp_path / "lyon.json", there, *SAID, "--counts", "--by", "rosa@hospital.example")
    assert "12 ratings of 6 latents by 2 raters: 12 answered." in told
    assert "Passed over: 1 skipped by their annotator." in told
    assert "They are round 2 of Hearts, counted by the statistics." in told
    provenance = ExternalRound.objects.select_related("round", "institution", "imported_by").get()
    assert provenance.round.kind == RoundKind.EXTERNAL
    assert (provenance.institution.name, provenance.imported_by) == ("Hospices de Lyon", released.rosa)
    members = Membership.objects.filter(external__isnull=False).select_related("user")
    assert {member.pseudonym for member in members} == {"X01", "X02"}
    assert not any(member.user.is_active or member.user.has_usable_password() for member in members)
    assert "roux@lyon" not in json.dumps(list(User.objects.values_list("email", "name")))
    event = AuditEvent.objects.get(verb=AuditVerb.ROUND_IMPORTED)
    assert (event.detail["ratings"], event.detail["digest"]) == (12, provenance.digest)


def test_counted_ratings_enter_the_consensus_and_the_release_says_where_they_come_from(
    released: World, tmp_path: Path
) -> None:
    imported(tmp_path / "lyon.json", rated_there(exported(tmp_path / "out"), 7, 8), *SAID, "--counts")
    compute_results(study_id=released.study.pk, now=NOW)
    consensus = Consensus.objects.filter(item="concept").latest("run", "pk")
    assert (consensus.institutions, set(consensus.weights)) == (3, {"R01", "R02", "X01", "X02"})
    release = cut(released)
    place = Path(worlds.settings.ARTIFACT_ROOT) / release.folder
    rows = [json.loads(line) for line in (place / "ratings.jsonl").read_text().splitlines()]
    outside = [row for row in rows if row["round_kind"] == "external"]
    assert {(row["rater"], row["institution"], row["current"], row["surplus"]) for row in outside} == {
        ("X01", "lyon", True, False),
        ("X02", "lyon", True, False),
    }
    (told,) = [one["rated_elsewhere"] for one in release.manifest["rounds"] if "rated_elsewhere" in one]
    assert (told["tool"], told["institution"], told["counts"]) == ("label-studio", "lyon", True)
    assert "Roux" not in json.dumps(release.manifest)


def test_ratings_set_aside_are_kept_and_released_and_count_nowhere(released: World, tmp_path: Path) -> None:
    compute_results(study_id=released.study.pk, now=NOW)
    before = list(Consensus.objects.order_by("pk").values("latent", "item", "votes", "theta", "q", "weights"))
    imported(tmp_path / "lyon.json", rated_there(exported(tmp_path / "out"), 7, 8), *SAID, "--set-aside")
    study = released.study
    assert Rating.objects.filter(round__kind=RoundKind.EXTERNAL).count() == 12
    mine = {"R01", "R02"}
    assert {record.rater for record in current_ratings(study)} == mine
    assert {record.rater for record in all_ratings(study, scores={}, names={})} == mine
    assert not scorable_rationales(study).filter(round__kind=RoundKind.EXTERNAL).exists()
    assert len(ratings_before_adjudicator(study.sample.earliest("pk").pk)) == 2
    run = compute_results(study_id=study.pk, now=NOW)
    assert run is not None
    after = Consensus.objects.filter(run=run).order_by("pk").values("latent", "item", "votes", "theta", "q", "weights")
    assert list(after) == before
    release = cut(released)
    place = Path(worlds.settings.ARTIFACT_ROOT) / release.folder
    rows = [json.loads(line) for line in (place / "ratings.jsonl").read_text().splitlines()]
    assert {row["current"] for row in rows if row["round_kind"] == "external"} == {False}


def test_an_annotator_keeps_her_pseudonym_in_the_next_file(released: World, tmp_path: Path) -> None:
    tasks = exported(tmp_path / "out")
    imported(tmp_path / "1.json", rated_there(tasks[:3], 7), *SAID, "--counts")
    imported(tmp_path / "2.json", rated_there(tasks[3:], 7, 11), *WHERE, "--set-aside")
    assert ExternalRater.objects.count() == 2
    assert Institution.objects.filter(code="lyon").count() == 1


def test_what_left_in_a_release_and_comes_back_is_passed_over(released: World, tmp_path: Path) -> None:
    tasks = exported(tmp_path / "out")
    with pytest.raises(CommandError, match=r"no rating to be taken. Passed over: 12 of raters of this study"):
        imported(tmp_path / "back.json", tasks, *SAID, "--counts")
    again = rated_there(tasks, 7)
    for task, before in zip(again, tasks, strict=True):
        task["annotations"] += before["annotations"]
    assert "6 ratings of 6 latents by 1 rater" in imported(tmp_path / "both.json", again, *SAID, "--counts")


def test_a_dry_run_tells_and_stores_nothing(released: World, tmp_path: Path) -> None:
    told = imported(tmp_path / "l.json", rated_there(exported(tmp_path / "o"), 7), *SAID, "--counts", "--dry-run")
    assert "6 ratings of 6 latents by 1 rater: 6 answered." in told
    assert "Nothing was stored." in told
    assert not ExternalRound.objects.exists()


def _set(path: str, value: object) -> Callable[[Tasks], object]:
    """A break: what lies at `path` of the first task, by dots, becomes `value`; None takes it away."""

    def breaks(tasks: Tasks) -> object:
        *before, last = path.split(".")
        place: Any = tasks[0]
        for step in before:
            place = place[int(step) if step.isdigit() else step]
        if value is None:
            del place[last]
        else:
            place[last] = value
        return tasks

    return breaks


def _answer(name: str, **changes: object) -> Callable[[Tasks], object]:
    """A break: the first annotation's answer to `name` is changed; without changes it is given twice."""

    def breaks(tasks: Tasks) -> object:
        results = tasks[0]["annotations"][0]["result"]
        (found,) = [result for result in results if result["from_name"] == name]
        results[results.index(found)] = {**found, **changes}
        if not changes:
            results.append(found)
        return tasks

    return breaks


def _twice(tasks: Tasks) -> object:
    tasks[0]["annotations"] *= 2
    return tasks


def _without_reason(tasks: Tasks) -> object:
    annotation = tasks[0]["annotations"][0]
    annotation["result"] = [result for result in annotation["result"] if result["from_name"] != "rationale"]
    return tasks


@pytest.mark.parametrize(
    ("breaks", "sentence"),
    [
        (
            _set("data.identity", "another"),
            r"task 1, annotation 1: latent \d+ is another one there: its identity differs",
        ),
        (_set("data.latent", None), r"l\.json, task 1: its data do not say which latent it is about"),
        (_set("annotations.0.completed_by", None), r"l\.json, task 1, annotation 1: does not say who gave it"),
        (_answer("concept"), "task 1, annotation 1: answers “concept” twice"),
        (_twice, "task 1, annotation 2: the same annotator rated this latent already"),
        (_answer("coherence", value={"choices": ["99"]}), "task 1, annotation 1: .* has an answer that is not offered"),
        (_answer("coherence", from_name="beauty"), "answers “beauty”, which version 1 of the rubric does not ask"),
        (_answer("coherence", value={"labels": [1]}), "is neither choices nor text"),
        (_without_reason, "task 1, annotation 1: Say why: the rationale is missing"),
        (_set("data.rubric_version", 77), "does not say, or says differently, which version of the rubric was asked"),
        (
            lambda tasks: [_set("data.rubric_version", 78)([task]) for task in tasks] and tasks,
            "no published version 78",
        ),
        (lambda tasks: [{"latent": 1, "concept": "x"}], r"l\.json, task 1: lacks `data` or `annotations`"),
        (lambda tasks: {"tasks": tasks}, r"l\.json: no list of tasks"),
    ],
)
def test_a_bad_file_gets_a_sentence_and_leaves_nothing(
    released: World, tmp_path: Path, breaks: Callable[[Tasks], object], sentence: str
) -> None:
    before = (Round.objects.count(), Rating.objects.count(), Slot.objects.count(), Institution.objects.count())
    with pytest.raises(CommandError, match=sentence):
        imported(tmp_path / "l.json", breaks(rated_there(exported(tmp_path / "o"), 7)), *SAID, "--counts")
    after = (Round.objects.count(), Rating.objects.count(), Slot.objects.count(), Institution.objects.count())
    assert after == before


def test_the_same_file_again_strangers_and_changes_are_refused(released: World, tmp_path: Path) -> None:
    there = rated_there(exported(tmp_path / "o"), 7)
    imported(tmp_path / "l.json", there, *SAID, "--counts")
    with pytest.raises(CommandError, match=r"l\.json is here already: it is round 2"):
        imported(tmp_path / "l.json", there, *SAID, "--counts")
    with pytest.raises(CommandError, match="needs the role of researcher"):
        imported(tmp_path / "m.json", there[:1], *SAID, "--counts", "--by", "ada@hospital.example")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ExternalRound.objects.update(counts=False)
