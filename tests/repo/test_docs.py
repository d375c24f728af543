"""Docs that cannot rot: what they say is compared with the code."""

import re
from pathlib import Path

from annotation.management.commands.state_diagram import diagram
from annotation.models import Study
from annotation.rules.study_settings import SETTINGS
from annotation.views.rating_keys import SHEET_LETTERS
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


def test_every_setting_of_a_study_is_in_the_table_with_its_default() -> None:
    text = (ROOT / "docs" / "reference" / "study-settings.md").read_text()
    listed = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", text, re.M))
    assert set(listed) == set(SETTINGS)
    listed |= dict(re.findall(r"`(\w+)` (\d[\d.]*\d|\d)", text))
    assert {"accept_q", "sample_size", "maximum_density"} < set(listed)
    for name, shown in listed.items():
        default = Study._meta.get_field(name).get_default()
        words = ", ".join(default) if isinstance(default, list) else str(default)
        assert shown == ("none" if default in (None, [], "") else words), name


def test_the_raters_guide_names_every_key_of_the_page() -> None:
    text = (ROOT / "docs" / "guides" / "rating.md").read_text()
    rows = re.findall(r"^\| (`.+`) \|", text, re.M)
    assert set(re.findall(r"`([a-z])`", " ".join(rows))) >= SHEET_LETTERS


def test_every_link_between_documents_leads_somewhere() -> None:
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


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
