"""The contract needs nothing but Python, and the GPU side nothing of the web side."""

import ast
import subprocess
import sys
from pathlib import Path

import saeserve

ROOM = Path(saeserve.__file__).parent
WEB_SIDE = {"django", "annotation", "config", "rest_framework", "psycopg"}


def imported(file: Path) -> set[str]:
    """Top-level packages that a file imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def modules_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOM.parent)
    return set(done.stdout.split())


def test_the_contract_imports_only_the_standard_library() -> None:
    assert imported(ROOM / "contract.py") <= sys.stdlib_module_names


def test_no_file_of_the_gpu_side_imports_the_web_side() -> None:
    files = list(ROOM.rglob("*.py"))
    assert len(files) > 30
    assert not [file for file in files if imported(file) & WEB_SIDE]


def test_importing_the_contract_loads_neither_torch_nor_django() -> None:
    assert not modules_after("import saeserve.contract") & {"torch", "django", "transformers", "numpy"}


def test_the_parent_process_of_the_worker_never_loads_torch() -> None:
    loaded = modules_after("import saeserve.tasks")
    assert "celery" in loaded
    assert not loaded & {"torch", "transformers"}
