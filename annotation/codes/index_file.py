"""Writes a system's terms as a file that answers in milliseconds and takes no memory: SQLite with its word index.

Terms lie in the order in which they are offered, so that a search stops at the first few it meets: labels before
synonyms, few words before many, short before long. Each is found by its words in British and American spelling.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from annotation.codes.closeness import canonical_words
from annotation.codes.entry import Entry
from annotation.codes.spelling import spellings
from annotation.codes.text import fold

LONGEST = 160
"""Characters of a concept's name (rules.answers.CONCEPT_LIMIT): a longer label cannot be one."""
TABLES = """
CREATE TABLE term (id INTEGER PRIMARY KEY, code TEXT, label TEXT, synonym TEXT, folded TEXT, key INTEGER,
    short_code TEXT);
CREATE TABLE word (text TEXT PRIMARY KEY, first TEXT, length INTEGER, letters INTEGER) WITHOUT ROWID;
CREATE TABLE node (code TEXT PRIMARY KEY, label TEXT, parents TEXT) WITHOUT ROWID;
CREATE VIRTUAL TABLE found USING fts5(text, content='', detail=none, prefix='2 3');
"""
INDEXES = """
CREATE INDEX term_folded ON term (folded);
CREATE INDEX term_key ON term (key);
CREATE INDEX term_code ON term (short_code) WHERE synonym IS NULL;
CREATE INDEX word_near ON word (first, length, letters, text);
INSERT INTO found (found) VALUES ('optimize');
"""


class Row(NamedTuple):
    code: str
    label: str
    synonym: str | None
    folded: str
    """The name by which it is found: the synonym if there is one, else the label."""


def write_index(entries: Iterable[Entry], path: Path) -> int:
    """Make the file, whole or not at all; the number of names in it."""
    known = list(entries)
    rows = sorted(_rows(entry for entry in known if not entry.heading), key=_offered_first)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    connection = sqlite3.connect(draft)
    try:
        _fill(connection, rows)
        with connection:
            nodes = ((entry.code, entry.label, " ".join(entry.parents)) for entry in known)
            connection.executemany("INSERT INTO node VALUES (?, ?, ?)", nodes)
    finally:
        connection.close()
    draft.replace(path)
    return len(rows)


def _rows(entries: Iterable[Entry]) -> Iterator[Row]:
    for entry in entries:
        folded = fold(entry.label)
        if not folded or len(entry.label) > LONGEST:
            continue
        yield Row(entry.code, entry.label, None, folded)
        told = {folded, ""}
        for synonym in entry.synonyms:
            if (other := fold(synonym)) not in told:
                told.add(other)
                yield Row(entry.code, entry.label, synonym, other)


def _offered_first(row: Row) -> tuple[bool, int, int, str, str]:
    return (row.synonym is not None, row.folded.count(" "), len(row.folded), row.folded, row.code)


def _fill(connection: sqlite3.Connection, rows: list[Row]) -> None:
    connection.executescript(TABLES)
    vocabulary: set[str] = set()
    with connection:
        for number, row in enumerate(rows, start=1):
            words = row.folded.split()
            key = canonical_words(words)
            vocabulary.update(key)
            stored = (number, *row, key_of(key), short_code(row.code))
            connection.execute("INSERT INTO term VALUES (?, ?, ?, ?, ?, ?, ?)", stored)
            text = " ".join(spelling for word in words for spelling in spellings(word))
            connection.execute("INSERT INTO found (rowid, text) VALUES (?, ?)", (number, text))
        connection.executemany(
            "INSERT INTO word VALUES (?, ?, ?, ?)", ((word, word[0], len(word), letters(word)) for word in vocabulary)
        )
    connection.executescript(INDEXES)


def key_of(canonical_words: Iterable[str]) -> int:
    """The same number for the same words in any order; other words may share it, so that a hit is looked at again."""
    text = " ".join(sorted(canonical_words))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True)


def short_code(code: str) -> str:
    """ "I21.4" and "HP:0001250" as people type them: small, without dots and colons."""
    return "".join(letter for letter in code.lower() if letter.isalnum())


def letters(word: str) -> int:
    """A bit for each letter that the word has: an edit changes two bits at most."""
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) % 31)
    return mask
