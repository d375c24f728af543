"""What a process loads, told by the process itself: the import linter sees source, this sees sys.modules."""

import os
import subprocess
import sys

import pytest

from tests.repo.tree import PROJECT

HEAVY = {"torch", "transformers", "safetensors", "accelerate"}
WEB = {"django", "rest_framework", "psycopg", "annotation", "config"}


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    # the test run sets Django's variable, and Celery imports Django wherever it finds it
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=PROJECT, env=environment
    )
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "statement",
    [
        "import config.wsgi; from django.urls import get_resolver; get_resolver().url_patterns",
        "import config.celery as c; c.app.loader.import_default_modules()",
        "import config.embedded.__main__",
    ],
    ids=["web with every page", "worker with every task", "supervisor"],
)
def test_the_web_side_leaves_torch_alone(statement: str) -> None:
    assert loaded_by(statement) & HEAVY == set()


EVERY_MODULE = f"""
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({sorted(WEB)}))  # as where none of them is installed: importing one fails
import saeserve
for module in pkgutil.walk_packages(saeserve.__path__, "saeserve."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def test_the_gpu_side_works_where_django_is_not_installed() -> None:
    assert "torch" in loaded_by(EVERY_MODULE)
