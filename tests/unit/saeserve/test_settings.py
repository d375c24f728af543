"""The worker does not start without what it needs, and says what that is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from saeserve.settings import MissingSetting, Settings


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"ARTIFACT_ROOT": str(tmp_path), "REDIS_URL": "redis://localhost:1/0"}


def test_defaults_are_all_cores_and_the_gpu_where_there_is_one(environment: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.from_environment(environment)
    assert settings == Settings(tmp_path, "redis://localhost:1/0", os.cpu_count() or 1, "auto")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ARTIFACT_ROOT": ""}, "ARTIFACT_ROOT is not set; set it to the folder"),
        ({"ARTIFACT_ROOT": "/no/such/folder"}, "which is no folder"),
        ({"REDIS_URL": ""}, "REDIS_URL is not set"),
        ({"SAESERVE_THREADS": "two"}, "SAESERVE_THREADS is 'two'"),
        ({"SAESERVE_THREADS": "0"}, "SAESERVE_THREADS is '0'"),
        ({"SAESERVE_DEVICE": "tpu"}, "SAESERVE_DEVICE is 'tpu'"),
    ],
)
def test_a_bad_setting_is_refused(environment: dict[str, str], changes: dict[str, str], words: str) -> None:
    with pytest.raises(MissingSetting, match=words):
        Settings.from_environment(environment | changes)


def test_the_worker_stops_with_the_sentence_and_no_traceback() -> None:
    bare = {name: value for name, value in os.environ.items() if name not in ("ARTIFACT_ROOT", "REDIS_URL")}
    command = [sys.executable, "-c", "import saeserve.worker"]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 1
    assert done.stderr.strip() == "saeserve: ARTIFACT_ROOT is not set; set it to the folder shared with the web side."
