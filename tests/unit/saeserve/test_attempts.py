"""Work that kills every worker ends in a sentence; the kill itself is tested with a real worker in test_worker.py."""

from pathlib import Path

import pytest

from saeserve.artifacts import write_json
from saeserve.mining.attempts import MOST, KeepsDying, attempt


def die(file: Path) -> None:
    """What a killed worker leaves."""
    with attempt(file, work="shard 7"):
        left = file.read_bytes()
    file.write_bytes(left)


def test_what_kills_every_worker_ends_in_a_sentence_and_may_then_be_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "000007.attempts"
    for _ in range(MOST):
        die(file)
    with pytest.raises(KeepsDying, match=f"died {MOST} times at shard 7"), attempt(file, work="shard 7"):
        pass
    die(file)


def test_whoever_leaves_alive_leaves_no_count(tmp_path: Path) -> None:
    file = tmp_path / "000007.attempts"
    for _ in range(2 * MOST):
        with attempt(file, work="shard 7"):
            assert file.is_file()
        with pytest.raises(KeyboardInterrupt), attempt(file, work="shard 7"):
            raise KeyboardInterrupt
        assert not file.exists()


@pytest.mark.parametrize("spoiled", ["", "{", "[]", '{"deaths": "many"}'])
def test_a_count_that_cannot_be_read_counts_as_none(tmp_path: Path, spoiled: str) -> None:
    file = tmp_path / "000007.attempts"
    file.write_text(spoiled)
    with attempt(file, work="shard 7"):
        pass
    write_json(file, {"deaths": MOST - 1})
    with attempt(file, work="shard 7"):
        pass
