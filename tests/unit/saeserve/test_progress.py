"""Progress: rarely enough not to cost anything, often enough that nobody takes a working run for dead."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from saeserve.contract import Progress
from saeserve.mining.folders import RunFolder
from saeserve.mining.progress import BEAT, MEMORY, Reporter, beating, last_progress


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched() -> list[Progress]:
    return []


@pytest.fixture
def reporter_of(tmp_path: Path, clock: Clock, watched: list[Progress]) -> Callable[[], Reporter]:
    return lambda: Reporter(RunFolder(tmp_path), lambda _digest, progress: watched.append(progress), clock=clock)


def test_a_phase_is_told_once_a_second_and_a_new_one_at_once(
    reporter_of: Callable[[], Reporter], clock: Clock, watched: list[Progress]
) -> None:
    reporter = reporter_of()
    for tenth in range(25):
        clock.now = 1_000 + tenth / 10
        reporter.report("loading", tenth, 25)
    reporter.report("checking", 0, 1)
    assert [(progress.phase, progress.done) for progress in watched] == [
        ("loading", 0),
        ("loading", 10),
        ("loading", 20),
        ("checking", 0),
    ]


def test_speed_and_time_left_come_from_what_all_workers_did(
    reporter_of: Callable[[], Reporter], clock: Clock, watched: list[Progress]
) -> None:
    one, other = reporter_of(), reporter_of()
    done = 0
    for second in range(300):
        clock.now = 1_000.0 + second
        done += 100
        (one if second % 2 else other).report("mining", done, 100_000)
    assert watched[0].tokens_per_second is None
    assert watched[-1].tokens_per_second == pytest.approx(100)
    assert watched[-1].seconds_left == pytest.approx((100_000 - done) / 100)


def test_speed_is_measured_anew_after_a_pause(
    reporter_of: Callable[[], Reporter], clock: Clock, watched: list[Progress]
) -> None:
    reporter = reporter_of()
    for second, done in enumerate((0, 500, 1_000)):
        clock.now = 1_000.0 + second
        reporter.report("mining", done, 10_000)
    clock.now += 100 * MEMORY
    reporter_of().report("mining", 1_000, 10_000)
    assert watched[-2].tokens_per_second == pytest.approx(500)
    assert (watched[-1].tokens_per_second, watched[-1].seconds_left) == (None, None)


def test_a_long_step_is_told_again_with_what_others_have_done_meanwhile(
    reporter_of: Callable[[], Reporter], clock: Clock, watched: list[Progress], tmp_path: Path
) -> None:
    reporter, tokens = reporter_of(), [10]
    reporter.report("mining", lambda: tokens[0], 100)
    reporter.beat()
    assert len(watched) == 1
    tokens[0] = 60
    clock.now += BEAT
    reporter.beat()
    assert [progress.done for progress in watched] == [10, 60]
    told = last_progress(RunFolder(tmp_path))
    assert told is not None
    assert told.updated_at == clock.now


def test_the_heart_beats_while_the_work_says_nothing(
    reporter_of: Callable[[], Reporter], clock: Clock, watched: list[Progress]
) -> None:
    reporter = reporter_of()
    reporter.report("writing", 0, 1)
    with beating([reporter], every=0.01):
        clock.now += BEAT
        deadline = time.monotonic() + 10
        while len(watched) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    clock.now += BEAT
    assert len(watched) == 2
    assert BEAT + BEAT / 2 < 10, "the web side takes ten seconds of silence for a sign"


@pytest.mark.parametrize("spoiled", ["", "{", "[]", '{"phase": "mining", "version": 99}'])
def test_a_spoiled_file_is_no_progress(tmp_path: Path, spoiled: str) -> None:
    (tmp_path / "progress.json").write_text(spoiled)
    assert last_progress(RunFolder(tmp_path)) is None
