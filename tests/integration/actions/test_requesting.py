"""SAEs of any format are registered; several are mined in one pass; a run is cancelled, resumed and found again."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django.fixtures import Settings

from annotation.actions.mining import cancel_run, request_run, request_runs, resume_run, retry_run
from annotation.actions.people import add_member
from annotation.actions.studies import create_study
from annotation.actions.subjects import register_sae
from annotation.actions.sweeping import sweep_runs
from annotation.actions.taking_in import note_run_ended
from annotation.enums import Role, RunState
from annotation.models import AuditEvent, LatentProfile, MiningRun, Sae, Study, User
from annotation.rules.refusal import NotYours, Refused
from saeserve import contract
from tests import broker
from tests.full_disk import no_file_longer_than
from tests.world import NOW, World, finished_run, person, write_run, write_sae

pytestmark = pytest.mark.django_db
Committed = Callable[..., Any]


@pytest.fixture(autouse=True)
def _queue_and_artifacts_of_its_own(tmp_path: Path, settings: Settings) -> Iterator[None]:
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"
    broker.empty()
    yield
    broker.empty()


def register(folder: Path, *, name: str = "New SAE", model: str = "Small model", **options: Any) -> Sae:
    return register_sae(
        name=name, folder=folder, model_name=model, model_folder=folder.parent, by=None, now=NOW, options=options
    )


def waiting_run(world: World, **parameters: Any) -> MiningRun:
    """A run of the world's SAE that has not ended, with the world's study waiting for it."""
    finished = world.study.run
    assert finished is not None
    run = request_run(sae=finished.sae, corpus=finished.corpus, by=world.rosa, now=NOW, seed=77, **parameters)
    Study.objects.filter(pk=world.study.pk).update(run=run)
    world.study.refresh_from_db()
    return run


@pytest.mark.parametrize("file", ["params.npz", "ae.pt", "sae_weights.safetensors"])
def test_an_sae_that_only_the_gpu_side_can_read_is_registered_with_its_facts_unknown(
    db: None, tmp_path: Path, file: str
) -> None:
    (tmp_path / file).write_bytes(b"\x00\x01")
    for place, name in ((tmp_path, "folder"), (tmp_path / file, "file")):
        sae = register(place, name=name)
        assert (sae.hook_point, sae.architecture, sae.width) == ("", "", None)


def test_the_first_finished_run_says_what_the_sae_is_and_later_runs_change_nothing(before_round: World) -> None:
    run = before_round.study.run
    assert run is not None
    folder = settings.ARTIFACT_ROOT / "world" / "unknown"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "params.npz").write_bytes(b"\x00")
    sae = register(folder)
    for seed, layer, latents in ((1, 5, 4), (2, 6, 8)):
        asked = request_run(sae=sae, corpus=run.corpus, by=None, now=NOW, seed=seed)
        write_run(asked, latents, layer=layer)
        note_run_ended(digest=asked.digest, now=NOW)
    sae.refresh_from_db()
    assert (sae.hook_point, sae.architecture, sae.width) == ("model.layers.5", "topk", 4)


def test_a_mined_sae_is_not_rewritten_by_another_one_of_its_name(before_round: World, tmp_path: Path) -> None:
    write_sae(tmp_path / "wider", 999)
    with pytest.raises(Refused, match=r"another width.*name of its own"):
        register(tmp_path / "wider", name="Small SAE")
    write_sae(tmp_path / "deeper", 12, layer=3)
    with pytest.raises(Refused, match="another hook point"):
        register(tmp_path / "deeper", name="Small SAE")
    write_sae(tmp_path / "same", 12)
    with pytest.raises(Refused, match="another options"):
        register(tmp_path / "same", name="Small SAE", norm_scaling_factor=2.0)
    assert Sae.objects.get(name="Small SAE").width == 12


def test_a_mined_sae_that_was_moved_is_found_at_its_new_place(before_round: World, tmp_path: Path) -> None:
    write_sae(tmp_path / "moved", 12)
    assert register(tmp_path / "moved", name="Small SAE").folder == str(tmp_path / "moved")


def test_before_anything_rests_on_it_an_sae_may_be_registered_anew(db: None, tmp_path: Path) -> None:
    write_sae(tmp_path / "a", 4)
    write_sae(tmp_path / "b", 8, layer=2)
    register(tmp_path / "a")
    assert (register(tmp_path / "b").width, Sae.objects.count()) == (8, 1)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: None, "does not exist"),
        (lambda folder: folder.mkdir(), "holds no file of an SAE"),
        (lambda folder: (folder.mkdir(), (folder / "cfg.json").write_text("{")), "is not JSON"),
    ],
)
def test_what_cannot_be_an_sae_is_refused(
    db: None, tmp_path: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    spoil(tmp_path / "sae")
    with pytest.raises(Refused, match=sentence):
        register(tmp_path / "sae")
    assert not Sae.objects.exists()


def test_an_unknown_option_is_refused(db: None, tmp_path: Path) -> None:
    write_sae(tmp_path, 4)
    with pytest.raises(Refused, match="no option colour"):
        register(tmp_path, colour="red")


def test_options_travel_with_the_request(before_round: World, tmp_path: Path) -> None:
    run = before_round.study.run
    assert run is not None
    write_sae(tmp_path, 4)
    sae = register(tmp_path, hook_point="blocks.7.hook_resid_post", norm_scaling_factor=24.5)
    asked = request_run(sae=sae, corpus=run.corpus, by=None, now=NOW)
    options = {"hook_point": "blocks.7.hook_resid_post", "norm_scaling_factor": 24.5}
    assert contract.MiningRequest.from_dict(asked.request).sae_options == options


def test_several_saes_go_out_in_one_message_behind_every_trial(
    before_round: World, tmp_path: Path, django_capture_on_commit_callbacks: Committed
) -> None:
    run = before_round.study.run
    assert run is not None
    for layer in (3, 4):
        write_sae(tmp_path / str(layer), 4, layer=layer)
    saes = [register(tmp_path / str(layer), name=f"layer {layer}", model="Small model") for layer in (3, 4)]
    with django_capture_on_commit_callbacks(execute=True):
        runs = request_runs(saes=saes, corpus=run.corpus, by=None, now=NOW)
    message = next(iter(broker.waiting()))
    assert (message.task, message.step) == (contract.MINE_TASK, 3)
    requests = [contract.MiningRequest.from_dict(request) for request in message.keywords["requests"]]
    assert [request.digest for request in requests] == [run.digest for run in runs]
    assert runs[0].asked_with == runs[1].asked_with != ""
    assert AuditEvent.objects.filter(verb="run-requested").count() == 3


def test_saes_that_cannot_be_mined_together_are_refused(before_round: World, tmp_path: Path) -> None:
    run = before_round.study.run
    assert run is not None
    write_sae(tmp_path, 4)
    other = register(tmp_path, model="Another model")
    for saes, sentence in (([], "No SAE"), ([other, other], "twice"), ([other, run.sae], "several language models")):
        with pytest.raises(Refused, match=sentence):
            request_runs(saes=saes, corpus=run.corpus, by=None, now=NOW)


def test_the_sweep_sends_together_what_was_asked_together_and_has_not_ended(
    before_round: World, tmp_path: Path, django_capture_on_commit_callbacks: Committed
) -> None:
    corpus = before_round.study.run.corpus  # type: ignore[union-attr]
    for layer in (3, 4, 5):
        write_sae(tmp_path / str(layer), 4, layer=layer)
    saes = [register(tmp_path / str(layer), name=f"layer {layer}") for layer in (3, 4, 5)]
    runs = request_runs(saes=saes, corpus=corpus, by=None, now=NOW)
    alone = request_run(sae=saes[0], corpus=corpus, by=None, now=NOW, seed=5)
    write_run(runs[1], 4)
    note_run_ended(digest=runs[1].digest, now=NOW)
    broker.empty()
    with django_capture_on_commit_callbacks(execute=True):
        sweep_runs(now=NOW + timedelta(hours=1))
    sent = [[contract.MiningRequest.from_dict(r).digest for r in m.keywords["requests"]] for m in broker.waiting()]
    assert sent == [[runs[0].digest, runs[2].digest], [alone.digest]]


def test_a_researcher_cancels_a_run_and_resumes_it(
    before_round: World, django_capture_on_commit_callbacks: Committed
) -> None:
    world, run = before_round, waiting_run(before_round)
    stop = settings.ARTIFACT_ROOT / "runs" / run.digest / contract.CANCEL_FILE
    cancelled = cancel_run(study=world.study, by=world.rosa, now=NOW)
    assert (cancelled.state, cancelled.ended_at, stop.exists()) == (RunState.CANCELLED, NOW, True)
    sweep_runs(now=timezone.now() + timedelta(days=1))
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    with django_capture_on_commit_callbacks(execute=True):
        resumed = resume_run(study=world.study, by=world.rosa, now=NOW)
    assert (resumed.state, resumed.ended_at, stop.exists()) == (RunState.QUEUED, None, False)
    assert [message.keywords["requests"] for message in broker.waiting()] == [[run.request]]
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))[-2:] == [
        "run-cancelled",
        "run-resumed",
    ]


def test_a_run_that_cannot_be_told_to_stop_for_a_full_disk_goes_on(before_round: World) -> None:
    run = waiting_run(before_round)
    with no_file_longer_than(0), pytest.raises(Refused, match=r"could not write to its disk \(File too large\)"):
        cancel_run(study=before_round.study, by=before_round.rosa, now=NOW)
    run.refresh_from_db()
    assert (run.state, run.ended_at) == (RunState.QUEUED, None)
    assert not list((settings.ARTIFACT_ROOT / "runs" / run.digest).iterdir())
    assert not AuditEvent.objects.filter(verb="run-cancelled").exists()
    assert cancel_run(study=before_round.study, by=before_round.rosa, now=NOW).state == RunState.CANCELLED


def test_what_the_workers_say_when_they_stop_leaves_a_cancelled_run_cancelled(before_round: World) -> None:
    run = waiting_run(before_round)
    cancel_run(study=before_round.study, by=before_round.rosa, now=NOW)
    folder = settings.ARTIFACT_ROOT / "runs" / run.digest
    (folder / contract.FAILURE_FILE).write_text(json.dumps(contract.Failure(sentence="Stopped.").to_dict()))
    ended = note_run_ended(digest=run.digest, now=NOW)
    assert ended is not None
    assert (ended.state, ended.failure) == (RunState.CANCELLED, "")


def test_a_run_that_finished_while_it_was_told_to_stop_is_taken_in(before_round: World) -> None:
    run = waiting_run(before_round)
    cancel_run(study=before_round.study, by=before_round.rosa, now=NOW)
    write_run(run, 12)
    ended = note_run_ended(digest=run.digest, now=NOW)
    assert ended is not None
    assert ended.state == RunState.FINISHED


@pytest.mark.parametrize("name", ["ada", "cora", "nora"])
def test_only_researchers_cancel_and_resume(before_round: World, name: str) -> None:
    waiting_run(before_round)
    for act in (cancel_run, resume_run):
        with pytest.raises(Refused, match="role of researcher"):
            act(study=before_round.study, by=getattr(before_round, name), now=NOW)
    with pytest.raises(NotYours):
        cancel_run(study=before_round.study, by=before_round.sven, now=NOW)


def test_a_run_that_another_study_waits_for_is_not_cancelled_over_its_head(before_round: World) -> None:
    world, run = before_round, waiting_run(before_round)
    rita = person("rita")
    other = create_study(
        slug="other", name="Other", purpose="", rubric=world.study.rubric, run=run, concepts=[], by=rita, now=NOW
    )
    for act in (cancel_run, resume_run):
        with pytest.raises(Refused, match="Another study"):
            act(study=world.study, by=world.rosa, now=NOW)
    join(other, world.rosa)
    assert cancel_run(study=world.study, by=world.rosa, now=NOW).state == RunState.CANCELLED


def join(study: Study, user: User) -> None:
    add_member(study=study, user=user, role=Role.RESEARCHER, institution=None, by=None, now=NOW)


def test_a_run_that_a_round_rests_on_and_one_that_ended_are_not_cancelled(world: World) -> None:
    with pytest.raises(Refused, match="A round already uses"):
        cancel_run(study=world.study, by=world.rosa, now=NOW)


def test_only_what_is_under_way_is_cancelled_and_only_what_was_cancelled_is_resumed(before_round: World) -> None:
    with pytest.raises(Refused, match="under way can be cancelled; this one is finished"):
        cancel_run(study=before_round.study, by=before_round.rosa, now=NOW)
    with pytest.raises(Refused, match="cancelled run can be resumed; this one is finished"):
        resume_run(study=before_round.study, by=before_round.rosa, now=NOW)


def test_a_cancelled_run_that_is_asked_for_again_goes_on(before_round: World) -> None:
    run = waiting_run(before_round)
    cancel_run(study=before_round.study, by=before_round.rosa, now=NOW)
    again = request_run(sae=run.sae, corpus=run.corpus, by=None, now=NOW, seed=77)
    assert (again.pk, again.state) == (run.pk, RunState.QUEUED)
    with pytest.raises(Refused, match="has not"):
        retry_run(run=again, by=None, now=NOW)


def test_a_failure_says_whether_sending_it_again_helps(before_round: World) -> None:
    run = waiting_run(before_round)
    folder = settings.ARTIFACT_ROOT / "runs" / run.digest
    folder.mkdir(parents=True, exist_ok=True)
    failure = contract.Failure(sentence="The disk is full.", retry_helps=True)
    (folder / contract.FAILURE_FILE).write_text(json.dumps(failure.to_dict()))
    ended = note_run_ended(digest=run.digest, now=NOW)
    assert ended is not None
    assert (ended.state, ended.retry_helps) == (RunState.FAILED, True)
    assert retry_run(run=ended, by=None, now=NOW).retry_helps is False


def test_what_a_newer_worker_left_is_a_failure_in_words_not_a_crash(before_round: World) -> None:
    run = waiting_run(before_round)
    folder = settings.ARTIFACT_ROOT / "runs" / run.digest
    folder.mkdir(parents=True, exist_ok=True)
    (folder / contract.MANIFEST_FILE).write_text(json.dumps({"version": contract.VERSION + 1}))
    ended = note_run_ended(digest=run.digest, now=NOW)
    assert ended is not None
    assert "update the older of the two sides" in ended.failure


def test_every_latent_brings_its_profile(db: None) -> None:
    run = finished_run(latents=5)
    profile = LatentProfile.objects.select_related("latent").get(latent__run=run, latent__index=3)
    assert profile.flags == ["single-token"]
    assert profile.neighbours == [{"latent": 4, "cosine": 0.9}, {"latent": 0, "cosine": 0.65}]
    assert sum(profile.positions) == profile.latent.firings
    assert LatentProfile.objects.filter(latent__run=run).count() == 5
    assert profile.peak_tokens[-1]["token"] == "␀"  # a token that no database text can hold


def asked_by_an_older_version(world: World) -> MiningRun:
    """A run as the first version of the contract left it in the database."""
    run = waiting_run(world)
    gone = ("overlap_tokens", "sink_norm_multiple", "shard_tokens", "sae_options")
    kept = {name: value for name, value in run.request.items() if name not in gone}
    MiningRun.objects.filter(pk=run.pk).update(
        request={**kept, "shard_documents": 64, "version": 1}, digest="0" * 64, state=RunState.RUNNING
    )
    run.refresh_from_db()
    return run


def test_a_run_that_was_asked_for_before_an_update_is_asked_for_in_todays_terms(
    before_round: World, django_capture_on_commit_callbacks: Committed
) -> None:
    run = asked_by_an_older_version(before_round)
    with django_capture_on_commit_callbacks(execute=True):
        sweep_runs(now=timezone.now() + timedelta(hours=1))
    run.refresh_from_db()
    request = contract.MiningRequest.from_dict(run.request)
    assert (request.seed, request.digest) == (77, run.digest)
    assert [message.keywords["requests"] for message in broker.waiting()] == [[run.request]]
    assert AuditEvent.objects.order_by("pk").last().detail["digest"] == run.digest  # type: ignore[union-attr]


def test_a_run_from_before_an_update_that_was_asked_for_anew_meanwhile_says_so(
    before_round: World, django_capture_on_commit_callbacks: Committed
) -> None:
    run = asked_by_an_older_version(before_round)
    again = request_run(sae=run.sae, corpus=run.corpus, by=None, now=NOW, seed=77)
    assert again.pk != run.pk
    broker.empty()
    with django_capture_on_commit_callbacks(execute=True):
        sweep_runs(now=timezone.now() + timedelta(hours=1))
    run.refresh_from_db()
    assert (run.state, run.digest) == (RunState.FAILED, "0" * 64)
    assert "asked for anew" in run.failure
    sent = [contract.MiningRequest.from_dict(r).digest for m in broker.waiting() for r in m.keywords["requests"]]
    assert sent == [again.digest]
