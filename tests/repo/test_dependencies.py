"""Every dependency says in one line why it is here, and both sides agree on what they share."""

import re
import tomllib

import pytest

from tests.repo.tree import PROJECT

TEXT = (PROJECT / "pyproject.toml").read_text()
EXTRAS: dict[str, list[str]] = tomllib.loads(TEXT)["project"]["optional-dependencies"]


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return found.group().lower()


@pytest.mark.parametrize("requirement", [line for lines in EXTRAS.values() for line in lines])
def test_a_dependency_has_its_reason(requirement: str) -> None:
    line = next(line for line in TEXT.splitlines() if line.strip().startswith(f'"{requirement}"'))
    assert line.partition("#")[2].strip()


def test_web_and_gpu_ask_for_the_same_version_of_what_both_use() -> None:
    web, gpu = ({name_of(line): line for line in EXTRAS[extra]} for extra in ("web", "gpu"))
    shared = web.keys() & gpu.keys()
    assert "celery" in shared
    assert {name: web[name] for name in shared} == {name: gpu[name] for name in shared}


def test_the_web_side_asks_for_no_inference_package_and_the_gpu_side_for_no_site() -> None:
    assert {name_of(line) for line in EXTRAS["web"]} & {"torch", "transformers", "accelerate", "safetensors"} == set()
    assert {name_of(line) for line in EXTRAS["gpu"]} & {"django", "djangorestframework", "psycopg", "gunicorn"} == set()
