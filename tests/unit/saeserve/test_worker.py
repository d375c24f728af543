"""Real workers on a real broker: they mine, make way for trials, stop when asked, and take up what killed ones left."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery, current_app
from cryptography.fernet import Fernet

from config.embedded import StartError
from config.embedded.valkey import Valkey
from saeserve.artifacts import file_digest, read_json
from saeserve.contract import (
    CANCEL_FILE,
    GPU_QUEUE,
    JUDGE,
    MINE_PRIORITY,
    MINE_TASK,
    QUESTION_FILE,
    RUN_ENDED_TASK,
    SCORE_PRIORITY,
    SCORE_TASK,
    SCORERS,
    SCORES_ENDED_TASK,
    SCORES_FILE,
    TRY_PRIORITY,
    TRY_TASK,
    WEB_QUEUE,
    Failure,
    MiningRequest,
    ScoreAnswer,
    ScoreRequest,
    Trial,
)
from saeserve.loaded import Loaded
from saeserve.mining.folders import RunFolder
from saeserve.mining.open_run import Worker
from saeserve.mining.run import mine
from saeserve.mining.unfinished import unfinished_requests
from saeserve.scorers.answering import ATTEMPTS_FILE
from saeserve.sending import Waiting, send_shard_again
from tests.unit.saeserve import tiny

REPOSITORY = Path(__file__).parents[3]
PATIENCE = 120
"""Seconds: the worker imports torch on a machine that may be busy."""
KEY = Fernet.generate_key().decode()


@pytest.fixture(scope="module")
def long_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a dozen blocks, some seconds of work."""
    return tiny.write_jsonl(tmp_path_factory.mktemp("corpus") / "long.jsonl", tiny.documents(400, seed=8))


@pytest.fixture
def broker() -> Iterator[Celery]:
    """The test run's broker, a database of it that no other test uses, emptied before and after."""
    server, _, process = os.environ["REDIS_URL"].rpartition("/")
    app = Celery("test", broker=f"{server}/{9 + int(process)}", set_as_current=False)
    forget_all(app)
    yield app
    forget_all(app)
    app.close()


@pytest.fixture
def current(broker: Celery) -> Iterator[None]:
    """This process sends by that broker, as a worker's does."""
    before = current_app._get_current_object()
    broker.set_current()
    yield
    before.set_current()


def forget_all(app: Celery) -> None:
    with app.connection_for_write() as connection:
        connection.default_channel.client.flushdb()


@contextmanager
def worker(app: Celery, root: Path, **told: str) -> Iterator["subprocess.Popen[bytes]"]:
    """told: further settings."""
    environment = os.environ | {
        "ARTIFACT_ROOT": str(root),
        "ARTIFACT_KEY": KEY,
        "REDIS_URL": str(app.conf.broker_url),
        "SAESERVE_THREADS": "1",
        **told,
    }
    command = [sys.executable, "-m", "celery", "-A", "saeserve.worker", "worker", "-Q", GPU_QUEUE, "-l", "INFO"]
    with (root / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def send(app: Celery, *requests: MiningRequest) -> None:
    keywords = {"requests": [request.to_dict() for request in requests]}
    app.send_task(MINE_TASK, kwargs=keywords, queue=GPU_QUEUE, priority=MINE_PRIORITY)


def next_message(app: Celery, root: Path) -> tuple[str, dict[str, str]]:
    """Name and keywords of the next task that arrives for the web side."""
    with app.connection_for_read() as connection, connection.SimpleQueue(WEB_QUEUE) as queue:
        try:
            message = queue.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError((root / "worker.log").read_text()[-3000:]) from None
        message.ack()
        return message.headers["task"], message.payload[1]


def wait_for(true: Callable[[], object], root: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, (root / "worker.log").read_text()[-3000:]
        time.sleep(0.005)


def phase(folder: RunFolder) -> str:
    return str(read_json(folder.path / "progress.json")["phase"])


def try_text(app: Celery, root: Path, request: MiningRequest) -> Path:
    """Send a trial as the web side does. Returns where its answer will be."""
    trial = Trial(handle="ab" * 16, model=request.model, sae=request.sae, dtype=request.dtype, context_tokens=60)
    folder = root / "trials" / trial.handle
    folder.mkdir(parents=True)
    (folder / "text").write_bytes(Fernet(KEY).encrypt(b"She denies chest pain since Monday."))
    app.send_task(TRY_TASK, kwargs={"trial": trial.to_dict()}, queue=GPU_QUEUE, priority=TRY_PRIORITY)
    return folder / "answer"


def ask_judge(app: Celery, root: Path, *, subject: Path, rationales: int = 1) -> Path:
    """Leave a question as the web side does, and send its digest. Returns its folder."""
    snippets = [{"id": i, "text": tiny.sentence(random.Random(i))} for i in range(20)]
    trials = [
        {"trial": i, "label": "chest pain", "rationale": f"Pain, seen {i} times.", "snippets": snippets}
        for i in range(rationales)
    ]
    asked = ScoreRequest(scorer=JUDGE, scorer_version=SCORERS[JUDGE], subject_model=str(subject), detection=trials)
    folder = root / "scores" / asked.digest
    folder.mkdir(parents=True)
    (folder / QUESTION_FILE).write_bytes(Fernet(KEY).encrypt(json.dumps(asked.to_dict()).encode()))
    send_score(app, asked.digest)
    return folder


def send_score(app: Celery, digest: str) -> None:
    app.send_task(SCORE_TASK, kwargs={"digest": digest}, queue=GPU_QUEUE, priority=SCORE_PRIORITY)


def test_questions_to_a_judge_are_answered_once_and_none_leaves_text_behind(
    broker: Celery, model_folder: Path, tmp_path: Path
) -> None:
    judge = tiny.write_model(tmp_path / "judge", seed=12)
    send_score(broker, "../elsewhere")
    asked = ask_judge(broker, tmp_path, subject=model_folder)
    send_score(broker, asked.name)
    refused = ask_judge(broker, tmp_path, subject=judge)
    with worker(broker, tmp_path, SAESERVE_JUDGE=str(judge)):
        heard = [next_message(broker, tmp_path) for _ in range(3)]
    assert heard == [(SCORES_ENDED_TASK, {"digest": folder.name}) for folder in (asked, asked, refused)]
    answer = ScoreAnswer.from_dict(read_json(asked / SCORES_FILE))
    (trial,) = answer.detection
    assert [one["snippet"] for one in trial["judgements"]] == list(range(20))
    assert 1 <= sum(one["said"] for one in trial["judgements"]) <= 10
    assert len({one["number"] for one in trial["judgements"]}) > 10
    assert answer.model.startswith("judge ")
    assert "whose latents are judged" in Failure.from_dict(read_json(refused / SCORES_FILE)).sentence
    assert not list((tmp_path / "scores").rglob(QUESTION_FILE))
    log = (tmp_path / "worker.log").read_text()
    assert "64 hex digits" in log
    assert "Pain, seen" not in log


@pytest.mark.walks
def test_a_question_whose_worker_was_killed_is_answered_when_it_is_sent_again(
    broker: Celery, model_folder: Path, tmp_path: Path
) -> None:
    judge = str(tiny.write_model(tmp_path / "judge", seed=12))
    folder = ask_judge(broker, tmp_path, subject=model_folder, rationales=60)
    with worker(broker, tmp_path, SAESERVE_JUDGE=judge) as process:
        wait_for((folder / ATTEMPTS_FILE).is_file, tmp_path)
        os.killpg(process.pid, signal.SIGKILL)
    assert not (folder / SCORES_FILE).exists()
    assert (folder / QUESTION_FILE).is_file()
    forget_all(broker)
    send_score(broker, folder.name)
    with worker(broker, tmp_path, SAESERVE_JUDGE=judge):
        assert next_message(broker, tmp_path) == (SCORES_ENDED_TASK, {"digest": folder.name})
    assert len(ScoreAnswer.from_dict(read_json(folder / SCORES_FILE)).detection) == 60
    assert not (folder / ATTEMPTS_FILE).exists()


def test_good_and_bad_requests_come_together_and_the_web_side_hears_of_each(
    broker: Celery, request_for: Callable[..., MiningRequest], other_sae_folder: Path, tmp_path: Path
) -> None:
    good, bad = request_for(tmp_path), request_for(tmp_path, sae="nowhere")
    other = request_for(tmp_path, sae=str(other_sae_folder))
    newer = [good.to_dict() | {"version": 99}]
    broker.send_task(MINE_TASK, kwargs={"requests": newer}, queue=GPU_QUEUE, priority=MINE_PRIORITY)
    send(broker, good, bad, other)
    with worker(broker, tmp_path):
        heard = [next_message(broker, tmp_path) for _ in range(3)]
    assert heard[0] == (RUN_ENDED_TASK, {"digest": bad.digest})
    assert {message[1]["digest"] for message in heard[1:]} == {good.digest, other.digest}
    for request in (good, other):
        assert RunFolder.of(tmp_path, request.digest).finished
    failure = read_json(RunFolder.of(tmp_path, bad.digest).path / "failure.json")
    assert "nowhere is not there" in failure["sentence"]
    assert "version 99" in (tmp_path / "worker.log").read_text()


def test_a_trial_overtakes_shards_and_a_cancelled_run_stops_and_goes_on_without_losing_a_shard(
    broker: Celery, request_for: Callable[..., MiningRequest], long_corpus: Path, tmp_path: Path
) -> None:
    request = request_for(tmp_path, corpus=long_corpus)
    folder = RunFolder.of(tmp_path, request.digest)
    send(broker, request)
    with worker(broker, tmp_path):
        wait_for(lambda: (folder.path / "shards").is_dir(), tmp_path)
        answer = try_text(broker, tmp_path, request)
        wait_for(answer.is_file, tmp_path)
        done = len(folder.done())
        assert done <= 2, "the trial waited for the shards"
        answered = json.loads(Fernet(KEY).decrypt(answer.read_bytes()))
        assert len(answered["tokens"]) > 5

        wait_for(lambda: len(folder.done()) > done, tmp_path)
        (folder.path / CANCEL_FILE).write_text("{}")
        wait_for(lambda: phase(folder) == "cancelled", tmp_path)
        time.sleep(1)
        kept = {number: folder.shard(number).stat().st_mtime_ns for number in folder.done()}
        assert kept
        assert not folder.finished

        (folder.path / CANCEL_FILE).unlink()
        send(broker, request)
        seen: dict[int, int] = {}
        wait_for(lambda: note_times(folder, seen) or folder.finished, tmp_path)
        assert next_message(broker, tmp_path) == (RUN_ENDED_TASK, {"digest": request.digest})
    assert {number: seen[number] for number in kept if number in seen} == {n: kept[n] for n in kept if n in seen}


@pytest.mark.walks
def test_after_kill_9_the_next_worker_continues_and_no_byte_differs_even_if_the_broker_forgot(
    broker: Celery, request_for: Callable[..., MiningRequest], long_corpus: Path, tmp_path: Path
) -> None:
    disturbed, undisturbed = tmp_path / "disturbed", tmp_path / "undisturbed"
    request = request_for(disturbed, corpus=long_corpus)
    folder = RunFolder.of(disturbed, request.digest)
    send(broker, request)
    with worker(broker, disturbed) as process:
        wait_for(lambda: len(folder.done()) >= 2, disturbed)
        os.killpg(process.pid, signal.SIGKILL)
    assert not folder.finished
    assert [left.digest for left in unfinished_requests(disturbed)] == [request.digest]
    forget_all(broker)

    before: dict[int, int] = {}
    note_times(folder, before)
    seen = dict(before)
    with worker(broker, disturbed), worker(broker, disturbed):
        wait_for(lambda: note_times(folder, seen) or folder.finished, disturbed)
        assert next_message(broker, disturbed) == (RUN_ENDED_TASK, {"digest": request.digest})
    assert {number: seen[number] for number in before} == before, "a finished shard was mined again"

    assert request_for(undisturbed, corpus=long_corpus) == request
    manifest = mine(request, Worker(undisturbed, Loaded(undisturbed)))
    assert {name: file_digest(folder.path / name) for name in manifest.files} == manifest.files
    assert not list(unfinished_requests(disturbed))


@pytest.mark.walks
def test_when_the_broker_comes_back_empty_the_worker_hands_out_again_what_was_lost(
    request_for: Callable[..., MiningRequest], long_corpus: Path, tmp_path: Path
) -> None:
    server = Valkey(tmp_path / "valkey", tmp_path / "secrets", tmp_path / "valkey.log", durable=False)
    try:
        server.start()
    except StartError as reason:
        pytest.skip(str(reason))
    app = Celery("test", broker=server.url, set_as_current=False)
    try:
        request = request_for(tmp_path, corpus=long_corpus)
        folder = RunFolder.of(tmp_path, request.digest)
        send(app, request)
        with worker(app, tmp_path):
            wait_for(folder.done, tmp_path)
            server.stop()
            time.sleep(1)
            assert not folder.finished
            server.start()
            wait_for(lambda: folder.finished, tmp_path)
            assert next_message(app, tmp_path) == (RUN_ENDED_TASK, {"digest": request.digest})
    finally:
        app.close()
        server.stop()


def note_times(folder: RunFolder, times: dict[int, int]) -> None:
    """Add each shard's time of writing, the last that is seen; they go when the run is finished."""
    for number in folder.done():
        try:
            times[number] = folder.shard(number).stat().st_mtime_ns
        except FileNotFoundError:
            continue


def test_a_shard_makes_way_for_a_trial_and_not_for_a_shard_that_made_way(broker: Celery, current: None) -> None:
    assert not Waiting()()
    assert send_shard_again(3, ["a" * 64])
    assert not Waiting()()
    broker.send_task(TRY_TASK, kwargs={"trial": {}}, queue=GPU_QUEUE, priority=TRY_PRIORITY)
    assert Waiting()()
