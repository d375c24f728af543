import importlib
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "statistics.md").read_text()
ROWS = re.findall(r"\| `(\w+)` \| ([\w-]+) \|", PAGE)


def test_the_page_has_the_versions_table():
    assert {name for name, _ in ROWS} == {
        "alpha",
        "between_groups",
        "gwet",
        "influence",
        "pairwise",
        "raw_agreement",
        "retest",
    }


@pytest.mark.parametrize(("name", "version"), [*ROWS, ("explain", "explain-1"), ("sensitivity", "sensitivity-1"),
                                               ("planning", "planning-1")])  # fmt: skip
def test_each_version_on_the_page_is_the_modules(name, version):
    assert version == importlib.import_module(f"annotation.science.{name}").VERSION
    assert version in PAGE
