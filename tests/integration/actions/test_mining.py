"""A mining run is asked for once, taken in once, and found again after an outage."""

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from annotation.actions.corpora import import_corpus
from annotation.actions.mining import request_run, retry_run
from annotation.actions.subjects import register_sae
from annotation.actions.sweeping import sweep_runs
from annotation.actions.taking_in import note_run_ended
from annotation.enums import RunState
from annotation.models import Latent, MiningRun, Snippet
from annotation.rules.refusal import Refused
from saeserve import contract
from tests.world import NOW, World, write_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(tmp_path: Path) -> MiningRun:
    path = tmp_path / "notes.jsonl"
    path.write_text(json.dumps({"id": "a", "text": f"Chest pain {tmp_path}."}) + "\n")
    (tmp_path / "cfg.json").write_text(
        json.dumps({"architecture": "topk", "d_sae": 4, "metadata": {"hf_hook_name": "model.layers.1"}})
    )
    corpus = import_corpus(name="One note", source="Written for the tests.", paths=[path], by=None, now=NOW)
    sae = register_sae(name="S", folder=tmp_path, model_name="M", model_folder=tmp_path, by=None, now=NOW)
    return request_run(sae=sae, corpus=corpus, by=None, now=NOW)


def write_failure(run: MiningRun) -> None:
    folder = settings.ARTIFACT_ROOT / "runs" / run.digest
    folder.mkdir(parents=True, exist_ok=True)
    failure = contract.Failure(sentence="The SAE holds numbers that are not finite. Export it again.")
    (folder / contract.FAILURE_FILE).write_text(json.dumps(failure.to_dict()))


def write_progress(run: MiningRun, updated_at: float, *, phase: str = "mining") -> None:
    folder = settings.ARTIFACT_ROOT / "runs" / run.digest
    folder.mkdir(parents=True, exist_ok=True)
    progress = contract.Progress(phase=phase, done=10, total=100, updated_at=updated_at)
    (folder / contract.PROGRESS_FILE).write_text(json.dumps(progress.to_dict()))


def test_asking_twice_is_asking_once(run: MiningRun) -> None:
    assert request_run(sae=run.sae, corpus=run.corpus, by=None, now=NOW) == run
    assert request_run(sae=run.sae, corpus=run.corpus, by=None, now=NOW, seed=5) != run


def test_an_unknown_parameter_gets_a_sentence(run: MiningRun) -> None:
    with pytest.raises(Refused, match=r"parameter that does not exist"):
        request_run(sae=run.sae, corpus=run.corpus, by=None, now=NOW, colour="red")


def test_a_folder_without_an_sae_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"holds no file of an SAE"):
        register_sae(name="S", folder=tmp_path, model_name="M", model_folder=tmp_path, by=None, now=NOW)


def test_a_run_that_is_still_going_changes_nothing(run: MiningRun) -> None:
    assert note_run_ended(digest=run.digest, now=NOW) is None
    assert note_run_ended(digest="f" * 64, now=NOW) is None


def test_a_finished_run_is_taken_in_once(run: MiningRun) -> None:
    write_run(run, latents=4)
    for _ in range(2):
        ended = note_run_ended(digest=run.digest, now=NOW)
        assert ended is not None
        assert ended.state == RunState.FINISHED
    assert Latent.objects.filter(run=run).count() == 4


def test_a_failed_run_says_why_and_can_be_sent_again(run: MiningRun) -> None:
    write_failure(run)
    ended = note_run_ended(digest=run.digest, now=NOW)
    assert ended is not None
    assert (ended.state, ended.failure) == (
        RunState.FAILED,
        "The SAE holds numbers that are not finite. Export it again.",
    )
    again = request_run(sae=run.sae, corpus=run.corpus, by=None, now=NOW)
    assert again.state == RunState.QUEUED
    assert note_run_ended(digest=run.digest, now=NOW) is None


def test_the_sweep_notes_progress_and_sends_a_silent_run_again(run: MiningRun) -> None:
    now = timezone.now()
    MiningRun.objects.filter(pk=run.pk).update(sent_at=now - timedelta(minutes=5))
    write_progress(run, time.time())
    sweep_runs(now=now)
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert run.sent_at == now - timedelta(minutes=5)
    write_progress(run, time.time() - 300)
    sweep_runs(now=now)
    run.refresh_from_db()
    assert run.sent_at == now


@pytest.mark.parametrize("phase", ["mining", "failed", "cancelled"])
def test_what_an_earlier_attempt_left_does_not_make_a_run_that_was_sent_again_a_running_one(
    run: MiningRun, phase: str
) -> None:
    write_failure(run)
    note_run_ended(digest=run.digest, now=NOW)
    write_progress(run, NOW.timestamp() - 1, phase=phase)
    again = retry_run(run=run, by=None, now=NOW)
    sweep_runs(now=NOW + timedelta(minutes=5))
    again.refresh_from_db()
    assert (again.state, again.sent_at) == (RunState.QUEUED, NOW)  # longer silent than a worker may be
    write_progress(run, NOW.timestamp() + 301)
    sweep_runs(now=NOW + timedelta(minutes=6))
    again.refresh_from_db()
    assert again.state == RunState.RUNNING


@pytest.mark.parametrize("phase", ["failed", "cancelled"])
def test_a_worker_that_only_says_that_an_attempt_is_over_has_not_taken_the_run_up(run: MiningRun, phase: str) -> None:
    write_progress(run, NOW.timestamp() + 1, phase=phase)  # told late, after the run was sent again
    sweep_runs(now=NOW + timedelta(minutes=5))
    run.refresh_from_db()
    assert (run.state, run.sent_at) == (RunState.QUEUED, NOW)


def test_a_request_that_no_worker_takes_up_is_sent_again_after_a_while(run: MiningRun) -> None:
    now = timezone.now()
    MiningRun.objects.filter(pk=run.pk).update(sent_at=now - timedelta(minutes=5))
    sweep_runs(now=now)
    run.refresh_from_db()
    assert run.sent_at == now - timedelta(minutes=5)
    later = now + timedelta(minutes=6)
    sweep_runs(now=later)
    run.refresh_from_db()
    assert run.sent_at == later


def test_a_sampled_latent_has_its_snippets_with_text_around_the_peak(world: World) -> None:
    latent = world.study.sample.first().latent
    snippet = Snippet.objects.filter(latent=latent, kind="top").order_by("rank").first()
    assert snippet is not None
    text = snippet.document.text[snippet.start : snippet.end]
    token = snippet.tokens[0]
    assert text[token["start"] : token["end"]] in text
    assert latent.snippets.filter(kind="held-out").exists()


def test_the_sample_says_its_frame_and_is_drawn_once(world: World) -> None:
    from annotation.actions.sampling import draw_sample

    frame = world.study.sample_frame
    assert frame is not None
    assert frame["eligible"] == 12
    assert sum(stratum["drawn"] for stratum in frame["frame"]) == 6
    with pytest.raises(Refused, match=r"has been drawn"):
        draw_sample(study=world.study, by=None, now=NOW)
