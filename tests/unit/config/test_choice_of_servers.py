"""Servers of one's own, both embedded, or a sentence; never half of each."""

import os
import subprocess
import sys

import pytest

from config.embedded.place import PROJECT
from config.embedded.temporary import HalfConfiguredError, given

OWN = {"DATABASE_URL": "postgres://consilium@db/consilium", "REDIS_URL": "redis://broker/0"}


def test_neither_variable_means_embedded_and_both_mean_ones_own() -> None:
    assert not given({})
    assert not given({"DATABASE_URL": "", "REDIS_URL": ""})
    assert given(OWN)


@pytest.mark.parametrize(("named", "missing"), [("DATABASE_URL", "REDIS_URL"), ("REDIS_URL", "DATABASE_URL")])
def test_one_without_the_other_is_told_in_a_sentence(named: str, missing: str) -> None:
    with pytest.raises(HalfConfiguredError, match=f"{named} is set and {missing} is not. Set both .* or neither"):
        given({named: OWN[named]})


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "config.embedded", "--var", "{tmp}"],
        ["-m", "pytest", "--collect-only", "-q", "tests/repo"],
        ["-m", "bench"],
        ["-m", "config.embedded.temporary", "true"],
    ],
    ids=["run", "test", "bench", "check"],
)
def test_every_command_says_that_sentence_instead_of_a_traceback(command: list[str], tmp_path: object) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    environ |= {"DATABASE_URL": OWN["DATABASE_URL"], "PORT": "0"}
    words = [word.format(tmp=tmp_path) for word in command]
    ran = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, cwd=PROJECT, env=environ
    )
    assert ran.returncode != 0
    assert "DATABASE_URL is set and REDIS_URL is not." in ran.stderr + ran.stdout
    assert "Traceback" not in ran.stderr
