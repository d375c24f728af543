"""Every command that the documents tell a reader to type exists."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.repo.tree import PROJECT, texts

MAKEFILE = (PROJECT / "Makefile").read_text()
DOCUMENTS = {path: text for path, text in texts().items() if path.suffix == ".md" and path.name != "CHANGELOG.md"}


def code_in(text: str) -> str:
    """What stands in code blocks and code spans."""
    found = re.findall(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", text, re.DOTALL)
    return "\n".join(block or span for block, span in found)


def make_targets(text: str) -> set[str]:
    return set(re.findall(r"(?:^|[\s;&])make ([a-z][a-z_-]*)", code_in(text)))


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_make_target_in_a_document_exists(path: Path) -> None:
    missing = [name for name in make_targets(DOCUMENTS[path]) if not re.search(rf"^{name}:", MAKEFILE, re.MULTILINE)]
    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_management_command_in_a_document_exists(path: Path) -> None:
    commands = PROJECT / "annotation" / "management" / "commands"
    djangos = {"migrate", "check", "makemigrations", "collectstatic", "shell"}
    named = set(re.findall(r"manage\.py ([a-z_]+)", code_in(DOCUMENTS[path]))) - djangos
    assert {name for name in named if not (commands / f"{name}.py").exists()} == set()


def test_the_readme_starts_with_the_two_commands() -> None:
    named = re.findall(r"make (?:run|test)", code_in(DOCUMENTS[Path("README.md")]))
    assert {"make run", "make test"} <= set(named)


def test_help_names_every_target_that_a_person_types() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony
    told = subprocess.run(["make", "help"], capture_output=True, text=True, check=True, cwd=PROJECT).stdout
    assert {name for name in phony.group(1).split() if f"make {name}" not in told} == {"help"}


def test_continuous_integration_runs_what_a_person_runs() -> None:
    script = PROJECT / ".ci" / "run"
    lines = script.read_text().splitlines()
    assert script.stat().st_mode & 0o111
    assert "set -euo pipefail" in lines
    assert [line for line in lines if line.startswith("make")] == ["make test", "make check"]
