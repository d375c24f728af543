"""A child that ends is started again, later each time."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import StartError
from config.embedded.keeper import LONGEST_PAUSE, STEADY_SECONDS, Kept
from config.embedded.programs import Program


def program(tmp_path: Path, code: str) -> Program:
    return Program("counter", [sys.executable, "-c", code], tmp_path / "counter.log", {})


def ended(child: Program) -> None:
    assert child.child is not None
    child.child.wait()


def test_a_child_that_ends_is_started_again_after_its_pause(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    child = program(tmp_path, "print('up', flush=True); raise SystemExit(3)")
    child.start()
    kept = Kept(child, started=0.0)
    ended(child)
    kept.look(1.0)
    assert "counter ended unasked (exit status 3). It is started again in 1 s" in capsys.readouterr().out
    kept.look(1.9)
    assert child.log.read_text() == "up\n"
    kept.look(2.0)
    ended(child)
    assert child.log.read_text() == "up\nup\n"


def test_pauses_grow_to_a_bound_and_shrink_after_a_steady_time(tmp_path: Path) -> None:
    child = program(tmp_path, "")
    child.start()
    kept, now, pauses = Kept(child, started=0.0), 0.0, []
    for _ in range(7):
        ended(child)
        kept.look(now)
        assert kept.due is not None
        pauses.append(kept.due - now)
        now = kept.due
        kept.look(now)
    assert pauses == [1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE]
    ended(child)
    now += STEADY_SECONDS + 1
    kept.look(now)
    assert kept.due == now + 1


def test_a_child_that_cannot_start_is_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Refusing(Program):
        def start(self) -> None:
            raise StartError("The disk is full.")

    child = Refusing("counter", [], tmp_path / "counter.log", {})
    kept = Kept(child, started=0.0, due=1.0)
    kept.look(1.0)
    assert "The disk is full. It is started again in 1 s" in capsys.readouterr().out
    assert kept.due == 2.0


def test_stopping_takes_grandchildren_and_those_who_do_not_listen(tmp_path: Path) -> None:
    deaf = "import signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    deaf += "grandchild = subprocess.Popen(['sleep', '600']); print(grandchild.pid, flush=True); time.sleep(600)"
    child = program(tmp_path, deaf)
    child.patience = 0.5
    child.start()
    while not (child.log.exists() and child.log.read_text().endswith("\n")):
        assert child.child is not None
        assert child.child.poll() is None
    child.stop()
    assert child.child is not None
    assert child.child.returncode == -signal.SIGKILL
    grandchild = child.log.read_text().strip()
    state = subprocess.run(["ps", "-o", "stat=", "-p", grandchild], capture_output=True, text=True, check=False).stdout
    assert state.strip() == "" or state.startswith("Z")
