"""A small index: what is found, in which order, and what a misspelt name means."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from annotation.codes.entry import Entry
from annotation.codes.index import Index
from annotation.codes.index_file import LONGEST, write_index

ENTRIES = [
    Entry(code="I21", label="Acute myocardial infarction", parents=("I20-I25",)),
    Entry(code="I21.4", label="Non-ST elevation (NSTEMI) myocardial infarction", parents=("I21",)),
    Entry(code="I25.2", label="Old myocardial infarction", synonyms=("Healed heart attack",)),
    Entry(code="I40.0", label="Infective myocarditis"),
    Entry(code="R60.9", label="Edema, unspecified", synonyms=("Edema", "EDEMA")),
    Entry(code="I95", label="Hypotension"),
    Entry(code="I10", label="Hypertension"),
    Entry(code="R12", label="Heartburn"),
    Entry(code="M35.0", label="Sjögren syndrome"),
    Entry(code="M35.00", label="Sjögren syndrome"),
    Entry(code="I20-I25", label="Ischemic heart diseases", heading=True),
    Entry(code="X00", label="A label that is " + "far " * 40 + "too long"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path = tmp_path_factory.mktemp("codes") / "small.sqlite3"
    write_index(ENTRIES, path)
    opened = Index(path)
    yield opened
    opened.close()


def codes(index: Index, text: str, limit: int = 8) -> list[str]:
    return [term.code for term in index.search(text, limit)]


def test_words_are_found_by_their_beginnings_in_any_order(index: Index) -> None:
    assert set(codes(index, "inf myo")) == {"I21", "I21.4", "I25.2", "I40.0"}
    assert codes(index, "elev infar") == ["I21.4"]
    assert codes(index, "farction") == []


def test_words_in_the_typed_order_come_first_and_short_names_before_long(index: Index) -> None:
    assert codes(index, "myocard inf") == ["I25.2", "I21", "I21.4", "I40.0"]
    assert codes(index, "infective") == ["I40.0"]


def test_a_label_that_begins_with_the_text_comes_before_one_that_holds_it(index: Index) -> None:
    assert codes(index, "hy")[:2] == ["I95", "I10"]
    assert codes(index, "heart") == ["R12", "I25.2"]


@pytest.mark.parametrize("text", ["oe", "oede", "oedema", "Ede", "EDEMA"])
def test_british_and_american_spelling_find_the_same(index: Index, text: str) -> None:
    assert codes(index, text) == ["R60.9"]


@pytest.mark.parametrize("text", ["i21", "I21.", "I 21"])
def test_a_code_finds_its_term_and_those_below(index: Index, text: str) -> None:
    assert codes(index, text) == ["I21", "I21.4"]


def test_a_synonym_finds_its_term_and_says_by_what(index: Index) -> None:
    (term,) = index.search("healed", 8)
    assert (term.code, term.label, term.name) == ("I25.2", "Old myocardial infarction", "Healed heart attack")


def test_each_label_comes_once_and_no_more_than_asked_for(index: Index) -> None:
    assert codes(index, "sjogren") == ["M35.0"]
    assert len(codes(index, "myo", limit=2)) == 2
    assert codes(index, "myo", limit=0) == []


@pytest.mark.parametrize("text", ["", " ", "a", "’", "*", '"', "😀", "'); DROP TABLE term; --", "NEAR(", "a\x00"])
def test_odd_texts_find_nothing_and_break_nothing(index: Index, text: str) -> None:
    assert codes(index, text) == []
    assert index.near(text) is None
    assert codes(index, "heartburn") == ["R12"]


def test_a_label_has_its_code_whatever_its_case_and_accents_and_a_synonym_has_none(index: Index) -> None:
    assert index.exact("sjogren SYNDROME") == "M35.0"
    assert index.exact("Healed heart attack") is None
    assert index.exact("Sjögren") is None


def test_a_label_longer_than_a_concept_may_be_is_left_out(index: Index) -> None:
    assert len(ENTRIES[-1].label) > LONGEST
    assert codes(index, "label that") == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("acute miocardial infraction", "Acute myocardial infarction"),
        ("infarction, acute myocardial", "Acute myocardial infarction"),
        ("oedema unspecified", "Edema, unspecified"),
        ("hypotention", "Hypotension"),
        ("heart burn", "Heartburn"),
        ("healed heartattack", "Old myocardial infarction"),
        ("sjogren syndrom", "Sjögren syndrome"),
    ],
)
def test_a_misspelt_name_means_its_term(index: Index, typed: str, meant: str) -> None:
    found = index.near(typed)
    assert found is not None
    assert found[1].label == meant


@pytest.mark.parametrize("typed", ["hypertension", "Heartburn", "hypothermia", "myocardial", "chest pain", "I21"])
def test_a_name_that_stands_and_one_that_is_far_from_all_mean_nothing_else(index: Index, typed: str) -> None:
    assert index.near(typed) is None


def test_a_word_that_is_known_elsewhere_is_left_alone(index: Index) -> None:
    assert index.near("heartburns") is not None
    assert index.near("heartburns", {"heartburns"}.__contains__) is None


def test_a_file_that_is_made_again_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "small.sqlite3"
    assert write_index(ENTRIES, path) == 12
    assert write_index(ENTRIES[:1], path) == 1
    again = Index(path)
    assert codes(again, "hy") == []
    again.close()
    assert [found.name for found in tmp_path.iterdir()] == ["small.sqlite3"]


def test_what_is_above_a_code_is_told_from_the_code_upwards(index: Index) -> None:
    assert [(node.code, node.parents) for node in index.above("I21.4")] == [
        ("I21.4", ("I21",)),
        ("I21", ("I20-I25",)),
        ("I20-I25", ()),
    ]
    assert index.above("I99") == []


def test_a_heading_is_above_codes_and_never_offered(index: Index) -> None:
    assert codes(index, "ischemic heart") == []
    assert index.exact("Ischemic heart diseases") is None
    assert index.above("I20-I25")[0].label == "Ischemic heart diseases"


def test_the_terms_of_a_name_are_those_that_it_labels_or_is_a_synonym_of(index: Index) -> None:
    assert [term.code for term in index.named("healed HEART attack")] == ["I25.2"]
    assert [term.code for term in index.named("Sjogren syndrome")] == ["M35.0", "M35.00"]
    assert index.named("heart") == []
