"""Docs that cannot rot: what they say is compared with the code."""

import re
from pathlib import Path

from annotation.management.commands.state_diagram import diagram

ROOT = Path(__file__).resolve().parents[2]


def test_the_diagram_of_states_is_the_one_in_the_code() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    shown = re.search(r"<!-- states:.*?-->\n(.*?)\n<!-- end of states -->", text, re.DOTALL)
    assert shown is not None
    assert shown.group(1) == diagram(), "Run `manage.py state_diagram` and paste its output into docs/architecture.md."


def test_every_setting_read_from_the_environment_is_in_the_table_and_no_other() -> None:
    read = set(re.findall(r'(?:env\.\w+|required|env)\(\s*"([A-Z_]+)"', (ROOT / "config" / "settings.py").read_text()))
    read |= set(re.findall(r'"([A-Z_]{3,})"', (ROOT / "saeserve" / "settings.py").read_text()))
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "reference" / "settings.md").read_text(), re.M))
    assert listed == read


def test_every_file_that_the_architecture_names_exists() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    for name in re.findall(r"`((?:actions|science|rules|migrations|queries|export)/[\w/]+\.py)`", text):
        assert (ROOT / "annotation" / name).exists(), name
