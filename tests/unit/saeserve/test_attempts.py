"""A run that makes no headway ends in a sentence; the kill itself is tested with a real worker in test_worker.py."""

from pathlib import Path

import pytest

from saeserve.artifacts import read_json
from saeserve.mining.attempts import ATTEMPTS_FILE, MOST, KeepsDying, begin_attempt


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
        assert read_json(tmp_path / ATTEMPTS_FILE) == {"attempts": 1, "shards": number}
        (tmp_path / "shards" / f"{number:06d}.safetensors").touch()
