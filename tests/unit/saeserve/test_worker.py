"""A real worker on a real broker: it mines, tells the web side, and takes up what a killed one left."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from celery import Celery

from saeserve.artifacts import file_digest
from saeserve.contract import GPU_QUEUE, MINE_TASK, RUN_ENDED_TASK, WEB_QUEUE, MiningRequest
from saeserve.mining.run import mine, run_folder
from saeserve.mining.unfinished import unfinished_requests

REPOSITORY = Path(__file__).parents[3]
PATIENCE = 120
"""Seconds: the worker imports torch on a machine that may be busy."""


@pytest.fixture
def broker() -> Iterator[Celery]:
    """The test run's broker, a database of it that no other test uses, emptied before and after."""
    app = Celery("test", broker=os.environ["REDIS_URL"].rpartition("/")[0] + "/9")
    with app.connection_for_write() as connection:
        client = connection.default_channel.client
        client.flushdb()
        yield app
        client.flushdb()
    app.close()


@contextmanager
def worker(app: Celery, root: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = os.environ | {
        "ARTIFACT_ROOT": str(root),
        "REDIS_URL": str(app.conf.broker_url),
        "SAESERVE_THREADS": "1",
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


def send(app: Celery, request: MiningRequest) -> None:
    app.send_task(MINE_TASK, kwargs={"request": request.to_dict()}, queue=GPU_QUEUE)


def next_message(app: Celery, root: Path) -> tuple[str, dict[str, str]]:
    """Name and keywords of the next task that arrives for the web side."""
    with app.connection_for_read() as connection, connection.SimpleQueue(WEB_QUEUE) as queue:
        try:
            message = queue.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError((root / "worker.log").read_text()[-3000:]) from None
        message.ack()
        return message.headers["task"], message.payload[1]


def wait_for(true: Callable[[], bool], root: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, (root / "worker.log").read_text()[-3000:]
        time.sleep(0.02)


def test_a_request_is_mined_and_a_bad_one_refused_and_the_web_side_hears_of_both(
    broker: Celery, request_for: Callable[..., MiningRequest], tmp_path: Path
) -> None:
    good, bad = request_for(tmp_path), request_for(tmp_path, sae="nowhere")
    broker.send_task(MINE_TASK, kwargs={"request": good.to_dict() | {"version": 99}}, queue=GPU_QUEUE)
    for request in (bad, good):
        send(broker, request)
    with worker(broker, tmp_path):
        heard = [next_message(broker, tmp_path) for _ in range(2)]
    assert heard == [(RUN_ENDED_TASK, {"digest": request.digest}) for request in (bad, good)]
    assert (run_folder(tmp_path, good) / "manifest.json").is_file()
    assert "holds no SAE" in json.loads((run_folder(tmp_path, bad) / "failure.json").read_text())["sentence"]
    assert "version 99" in (tmp_path / "worker.log").read_text()


def test_after_kill_9_the_next_worker_continues_and_no_byte_differs_even_if_the_broker_forgot(
    broker: Celery, request_for: Callable[..., MiningRequest], tmp_path: Path
) -> None:
    disturbed, undisturbed = tmp_path / "disturbed", tmp_path / "undisturbed"
    request = request_for(disturbed)
    folder = run_folder(disturbed, request)
    send(broker, request)
    with worker(broker, disturbed) as process:
        wait_for(lambda: len(list((folder / "shards").glob("*.safetensors"))) >= 2, disturbed)
        os.killpg(process.pid, signal.SIGKILL)
    assert not (folder / "manifest.json").exists()
    assert [left.digest for left in unfinished_requests(disturbed)] == [request.digest]
    with broker.connection_for_write() as connection:
        connection.default_channel.client.flushdb()

    first_shard = folder / "shards" / "000000.safetensors"
    written = {first_shard.stat().st_mtime_ns}
    with worker(broker, disturbed):
        wait_for(lambda: _note_time(first_shard, written) and (folder / "manifest.json").exists(), disturbed)
        assert next_message(broker, disturbed) == (RUN_ENDED_TASK, {"digest": request.digest})

    assert len(written) == 1, "the finished shard was mined again"
    assert request_for(undisturbed) == request
    manifest = mine(request, root=undisturbed)
    assert {name: file_digest(folder / name) for name in manifest.files} == manifest.files
    assert not list(unfinished_requests(disturbed))


def _note_time(file: Path, times: set[int]) -> bool:
    """Add the file's time of writing, while there is one."""
    with suppress(FileNotFoundError):
        times.add(file.stat().st_mtime_ns)
    return True
