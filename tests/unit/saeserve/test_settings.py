"""The worker does not start without what it needs, and says what that is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from saeserve.settings import MissingSetting, Settings

KEY = Fernet.generate_key().decode()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"ARTIFACT_ROOT": str(tmp_path), "REDIS_URL": "redis://localhost:1/0", "ARTIFACT_KEY": KEY}


def test_defaults_are_all_cores_and_the_gpu_where_there_is_one(environment: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.from_environment(environment)
    assert settings == Settings(
        *(tmp_path, "redis://localhost:1/0", KEY, os.cpu_count() or 1, "auto"),
        sentence_model=tmp_path / "models" / "all-minilm-l6-v2",
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ARTIFACT_ROOT": ""}, "ARTIFACT_ROOT is not set; set it to the folder"),
        ({"ARTIFACT_ROOT": "/no/such/folder"}, "which is no folder"),
        ({"REDIS_URL": ""}, "REDIS_URL is not set"),
        (
            {"ARTIFACT_KEY": ""},
            "ARTIFACT_KEY is not set; set it to the key that the web side has too, made once by python3",
        ),
        ({"ARTIFACT_KEY": "hunter2"}, "^ARTIFACT_KEY is no Fernet key; set it to the key"),
        ({"ARTIFACT_KEY": KEY[:-4]}, "^ARTIFACT_KEY is no Fernet key"),
        ({"SAESERVE_THREADS": "two"}, "SAESERVE_THREADS is 'two'"),
        ({"SAESERVE_THREADS": "0"}, "SAESERVE_THREADS is '0'"),
        ({"SAESERVE_DEVICE": "tpu"}, "SAESERVE_DEVICE is 'tpu'"),
        ({"SAESERVE_JUDGE": "a", "SAESERVE_JUDGE_URL": "https://b.example/v1"}, "are both set; leave one"),
        ({"SAESERVE_JUDGE_URL": "https://b.example/v1"}, "SAESERVE_JUDGE_NAME is not set"),
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


def test_a_key_is_never_shown(environment: dict[str, str]) -> None:
    assert KEY not in repr(Settings.from_environment(environment))
    with pytest.raises(MissingSetting) as caught:
        Settings.from_environment(environment | {"ARTIFACT_KEY": KEY + "x"})
    assert KEY not in str(caught.value)
