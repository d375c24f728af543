"""`make bench`: what a measure must bring, and how its figure is kept."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bench.harness import RESULTS, BenchError, Figure, at_least, at_most, chosen, merge, names, table, take
from tests.repo.tree import PROJECT


def figure(name: str, value: float, *, holds: bool = True) -> Figure:
    return Figure(name, value, "at most 2", holds, "in one run", "three repeats", "a machine")


@pytest.mark.parametrize("name", names())
def test_a_measure_is_named_like_its_file_and_says_what_was_promised_and_how_it_is_taken(name: str) -> None:
    module = importlib.import_module(f"bench.{name}")
    words, holds = module.TARGET
    assert name == module.NAME
    assert words
    assert len(module.HOW.split()) > 3
    assert isinstance(holds(1.0), bool)
    assert callable(module.measure)


def test_new_figures_join_the_old_ones_and_replace_their_own(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    merge([figure("a", 1.0), figure("b", 1.0)], path)
    merge([figure("b", 3.0, holds=False)], path)
    kept = json.loads(path.read_text())
    assert {name: (entry["value"], entry["holds"]) for name, entry in kept.items()} == {
        "a": (1.0, True),
        "b": (3.0, False),
    }
    assert list(tmp_path.iterdir()) == [path]


def test_the_table_says_which_promise_does_not_hold() -> None:
    lines = table([figure("a", 1.0), figure("long_name", 3.14159, holds=False)]).splitlines()
    assert lines[0].split() == ["name", "value", "target", "holds", "how", "detail"]
    assert "holds" in lines[2]
    assert "3.14" in lines[3]
    assert "DOES NOT HOLD" in lines[3]


def test_targets_include_their_limit() -> None:
    assert at_most(2).holds(2.0)
    assert not at_most(2).holds(2.1)
    assert at_least(2).holds(2.0)
    assert not at_least(2).holds(1.9)


def test_an_unknown_name_is_answered_with_those_that_exist() -> None:
    with pytest.raises(BenchError, match=r"There is no measure 'speed'\. There are: "):
        chosen(["speed"])
    ran = subprocess.run(
        [sys.executable, "-m", "bench", "speed"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "There is no measure 'speed'." in ran.stderr
    assert "Traceback" not in ran.stderr


def test_not_a_number_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = ModuleType("bench.empty")
    vars(empty).update(NAME="empty", HOW="by doing nothing at all", TARGET=at_most(1))
    vars(empty)["measure"] = lambda: {"value": float("nan"), "detail": "nothing was counted"}
    monkeypatch.setitem(sys.modules, "bench.empty", empty)
    with pytest.raises(BenchError, match="is no figure: nothing was counted"):
        take("empty")


def test_kept_figures_are_those_of_existing_measures() -> None:
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    assert kept.keys() - set(names()) == set()
    assert all(entry["name"] == name for name, entry in kept.items())
