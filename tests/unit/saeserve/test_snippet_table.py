"""The table of a corpus's snippets: cut, grouped, with sections and wider context."""

import random
from dataclasses import fields
from pathlib import Path

import numpy as np

from saeserve.mining.sections import KINDS, sections
from saeserve.mining.snippet_table import CONTEXT_SNIPPETS, SnippetTable, SnippetTableBuilder, load_table, save_table
from saeserve.mining.snippets import cut_snippets
from tests.unit.saeserve import tiny

CHANCE = random.Random(8)
TEXTS = [tiny.note(CHANCE, 30), None, tiny.note(CHANCE, 3), tiny.note(CHANCE, 60), "Deceased"]
"""None: a document that is not mined."""


def built(texts: list[str | None]) -> SnippetTable:
    builder = SnippetTableBuilder()
    for text in texts:
        if text is None:
            builder.skip()
        else:
            builder.add(text)
    return builder.table()


TABLE = built(TEXTS)


def test_each_document_has_its_snippets() -> None:
    for document, text in enumerate(TEXTS):
        rows = slice(*TABLE.firsts[document : document + 2].tolist())
        expected = [(span.start, span.end) for span in cut_snippets(text)] if text else []
        assert list(zip(TABLE.starts[rows].tolist(), TABLE.ends[rows].tolist(), strict=True)) == expected
        assert (TABLE.documents[rows] == document).all()


def test_the_section_of_any_character_is_that_of_the_document() -> None:
    for document, text in enumerate(TEXTS):
        for place in range(0, len(text or ""), 17):
            section = [one for one in sections(text) if one.start <= place][-1]
            at = TABLE.sections_at(np.array([document]), np.array([place]))[0]
            assert TABLE.headers[TABLE.section_headers[at]] == section.header
            assert KINDS[TABLE.section_kinds[at]] == KINDS[section.kind]


def test_wider_context_is_neighbouring_snippets_of_the_same_document() -> None:
    begin, end = TABLE.contexts(np.arange(len(TABLE)))
    for number in range(len(TABLE)):
        document = int(TABLE.documents[number])
        spans = cut_snippets(TEXTS[document])
        inside = [span for span in spans if begin[number] <= span.start and span.end <= end[number]]
        assert len(inside) == min(CONTEXT_SNIPPETS, len(spans))
        assert (inside[0].start, inside[-1].end) == (begin[number], end[number])
        assert begin[number] <= TABLE.starts[number]
        assert TABLE.ends[number] <= end[number]


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    for table in (TABLE, built([]), built([None])):
        save_table(table, tmp_path / "table")
        again = load_table(tmp_path / "table")
        for field in fields(SnippetTable):
            np.testing.assert_array_equal(getattr(again, field.name), getattr(table, field.name))


def test_copied_snippets_share_a_group_across_documents() -> None:
    text = tiny.note(random.Random(9), 20)
    table = built([text, tiny.note(random.Random(10), 20), text])
    first, last = (table.groups[slice(*table.firsts[at : at + 2])] for at in (0, 2))
    np.testing.assert_array_equal(first, last)
