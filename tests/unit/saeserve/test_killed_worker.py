"""A worker killed in the middle of a run: the next one continues, and the result is the same to the byte."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from saeserve.artifacts import file_digest
from saeserve.contract import MiningRequest
from saeserve.mining.attempts import MOST, KeepsDying, begin_attempt
from saeserve.mining.run import mine, run_folder
from saeserve.mining.unfinished import unfinished_requests

REPOSITORY = Path(__file__).parents[3]
RESULTS = ("latents.parquet", "snippets.parquet")


def start(root: Path, request: MiningRequest) -> "subprocess.Popen[bytes]":
    file = root / "request.json"
    file.write_text(json.dumps(request.to_dict()))
    command = [sys.executable, "-m", "saeserve", "--threads", "1", "mine", "--root", str(root), "--request", str(file)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL)


def wait_until(true: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    for _ in range(6000):
        if true():
            return
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    raise AssertionError("waited a minute in vain")


def test_kill_9_in_the_middle_changes_no_byte(request_for: Callable[..., MiningRequest], tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    request = request_for(undisturbed)
    assert request_for(disturbed) == request
    mine(request, root=undisturbed)

    folder = run_folder(disturbed, request)
    process = start(disturbed, request)
    wait_until(lambda: len(list((folder / "shards").glob("*.safetensors"))) >= 2, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / "manifest.json").exists()
    assert [left.digest for left in unfinished_requests(disturbed)] == [request.digest]
    first_shard = folder / "shards" / "000000.safetensors"
    written = first_shard.stat().st_mtime_ns
    seen: list[int] = []
    mine(
        request,
        root=disturbed,
        watch=lambda _: seen.append(first_shard.stat().st_mtime_ns) if first_shard.exists() else None,
    )

    assert set(seen) == {written}, "the finished shard was mined again"
    for name in RESULTS:
        same = file_digest(run_folder(undisturbed, request) / name)
        assert file_digest(folder / name) == same
    assert not list(unfinished_requests(disturbed))


def test_a_run_that_kills_every_worker_ends_in_a_sentence(tmp_path: Path) -> None:
    for _ in range(MOST):
        begin_attempt(tmp_path)
    with pytest.raises(KeepsDying, match=f"died {MOST} times with 0 shards"):
        begin_attempt(tmp_path)
    begin_attempt(tmp_path)


def test_a_run_that_gets_further_each_time_may_die_often(tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    for number in range(3 * MOST):
        begin_attempt(tmp_path)
        (tmp_path / "shards" / f"{number:06d}.safetensors").touch()
