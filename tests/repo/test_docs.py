"""Docs that cannot rot: what they say is compared with the code."""

import re
from pathlib import Path

from annotation.management.commands.state_diagram import diagram
from saeserve.block_parts import BERT, GEMMA, GPT2, GPT_NEOX, LLAMA, OUTPUT
from saeserve.formats.read import FORMATS

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
    mining = re.search(r"^\| question \| where, under `saeserve/` \|\n(.*?)\n\n", text, re.DOTALL | re.MULTILINE)
    assert mining is not None
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", mining.group(1)):
        assert (ROOT / "saeserve" / name).exists(), name


def test_the_guide_to_saes_names_every_layout_that_is_read() -> None:
    text = (ROOT / "docs" / "guides" / "your-own-sae.md").read_text()
    table = re.search(r"^\| layout \|.*?\n\n", text, re.DOTALL | re.MULTILINE)
    assert table is not None
    assert set(re.findall(r"^\| ([^|]+?) \|", table.group(), re.M)) - {"layout"} == {kind.NAME for kind in FORMATS}


def test_the_guide_to_saes_names_places_as_the_program_finds_them() -> None:
    text = (ROOT / "docs" / "guides" / "your-own-sae.md").read_text()
    head, _, *rows = re.search(r"^\| TransformerLens \|.*?\n\n", text, re.DOTALL | re.MULTILINE).group().split("\n")
    families = [LLAMA, GEMMA, GPT2, GPT_NEOX, BERT]
    assert head.count("|") == len(families) + 2
    for row in filter(None, rows):
        name, *cells = re.findall(r"\| ([^|]+)", row)
        part = name.strip("` ").removeprefix("blocks.N.")
        for family, cell in zip(families, cells, strict=True):
            path, side = family[part]
            shown = re.match(r"`([^`:]+)(?::(\w+))?`", cell)
            if shown is None:
                assert "parallel" in cell
                continue
            assert (side if side != OUTPUT else None) == shown.group(2), (name, cell)
            assert path in ("", shown.group(1)), (name, cell)
