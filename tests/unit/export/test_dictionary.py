"""The column dictionary: complete, and its page current."""

from pathlib import Path

import pytest

from annotation.export.columns import Kind, Table
from annotation.export.dictionary import markdown
from annotation.export.schema import AnswerColumn, tables

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "release-columns.md"
ALL = tables([AnswerColumn(item="coherence", kind=Kind.INTEGER, question="How well?")], ["concept"])


def test_the_page_is_what_the_command_prints() -> None:
    assert PAGE.read_text() == markdown(), "Run: python manage.py release_columns > docs/reference/release-columns.md"


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_every_table_has_a_key_of_its_own_columns_and_says_whether_it_is_simulated(table: Table) -> None:
    assert set(table.key) <= set(table.names)
    assert len(set(table.names)) == len(table.names)
    assert table.names[-1] == "simulated"
    assert all(column.meaning and column.source for column in table.columns)


def test_rubric_items_become_columns() -> None:
    ratings = ALL[0]
    assert "answer_coherence" in ratings.names
    assert "weight_concept" in ratings.names


def test_nothing_that_identifies_a_person_or_a_note_has_a_column() -> None:
    forbidden = {"User.name", "User.email", "Document.", "Snippet.", "Membership.user", "Institution.name", "Draft."}
    sources = [column.source for table in ALL if table.name != "snippets" for column in table.columns]
    assert [source for source in sources if source.startswith(tuple(forbidden))] == []
