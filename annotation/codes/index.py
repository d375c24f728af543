"""A system's terms, searched: what begins like the typed words, what a name is exactly, and what it may have meant."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path

from annotation.codes.closeness import FILLERS, allowed_edits, canonical, edits, word_edits
from annotation.codes.entry import Node, Term
from annotation.codes.index_file import key_of, letters, short_code
from annotation.codes.spelling import SHORTEST, american
from annotation.codes.text import fold, words

CODE = re.compile(r"hp\d{2,7}|[a-z]\d[0-9a-z]{0,5}")
FIRST_FEW = 48
"""Names looked at before the best are chosen: several are synonyms of one term."""
MOST_WORDS = 8
"""Of a text that are looked at; a search by fewer finds more, and a misspelt name of more is none."""
MOST_CANDIDATES, MOST_PHRASES = 6, 64
"""Of a misspelt word, and of a phrase of such words."""
SELECT = "SELECT code, label, coalesce(synonym, label) FROM term"


class Index:
    """One open file, for one thread."""

    def __init__(self, path: Path) -> None:
        self.database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)

    def close(self) -> None:
        self.database.close()

    def search(self, text: str, limit: int) -> list[Term]:
        """Terms whose label, synonym or code begins like the typed words, in any order; each label once. Best first."""
        typed = words(text)[:MOST_WORDS]
        if limit < 1 or sum(map(len, typed)) < 2:
            return []
        found: dict[str, Term] = {}
        for term in self._in_order(text, typed):
            found.setdefault(fold(term.label), term)
            if len(found) == limit:
                break
        return list(found.values())

    def exact(self, label: str) -> str | None:
        """The code whose label this is, whatever its case and accents; None where it is no label."""
        row = self.database.execute(
            "SELECT code FROM term WHERE folded = ? AND synonym IS NULL ORDER BY id LIMIT 1", [fold(label)]
        ).fetchone()
        return row[0] if row else None

    def names(self, text: str) -> bool:
        """Whether this is a label or a synonym here."""
        return self.database.execute("SELECT 1 FROM term WHERE folded = ? LIMIT 1", [fold(text)]).fetchone() is not None

    def named(self, text: str) -> list[Term]:
        """The terms whose label or synonym this is: labels first, at most four."""
        return list(self._where("folded = ? ORDER BY id LIMIT 4", [fold(text)]))

    def is_code(self, code: str) -> bool:
        """Whether it is a code and no heading."""
        asked = "SELECT 1 FROM term WHERE short_code = ? AND code = ? AND synonym IS NULL LIMIT 1"
        return self.database.execute(asked, [short_code(code), code]).fetchone() is not None

    def above(self, code: str) -> list[Node]:
        """The code itself, first, and all that is above it, each once; empty for what is no code here."""
        found: dict[str, Node] = {}
        waiting = [code]
        while waiting:
            here = waiting.pop(0)
            row = self.database.execute("SELECT code, label, parents FROM node WHERE code = ?", [here]).fetchone()
            if row and here not in found:
                found[here] = Node(code=row[0], label=row[1], parents=tuple(row[2].split()))
                waiting.extend(found[here].parents)
        return list(found.values())

    def knows(self, word: str) -> bool:
        """Whether a word, as `closeness.canonical` gives it, occurs in any name here."""
        return self.database.execute("SELECT 1 FROM word WHERE text = ?", [word]).fetchone() is not None

    def near(self, text: str, known: Callable[[str], bool] | None = None) -> tuple[int, Term] | None:
        """The term that a misspelt or reordered name means, after the edits that it takes; None where it means none.

        None, too, where it is a name here. `known` says which words are real ones; this system's always are.
        """
        if not 0 < len(words(text)) <= MOST_WORDS or self.names(text):
            return None
        real = known or (lambda word: False)
        best: tuple[int, Term] | None = None
        for phrase in self._phrases(canonical(text), lambda word: self.knows(word) or real(word)):
            for term in self._where("key = ? ORDER BY id LIMIT 4", [key_of(phrase)]):
                # Which words may be mended was decided above, where a word and its parts are looked up.
                cost = edits(text, term.name, lambda word: False)
                if cost is not None and (best is None or cost < best[0]):
                    best = cost, term
        return best

    def _in_order(self, text: str, typed: Sequence[str]) -> Iterator[Term]:
        folded, short = " ".join(typed), short_code(text)
        yield from self._where("folded = ? ORDER BY id LIMIT 8", [folded])
        if CODE.fullmatch(short):
            yield from self._where(
                "synonym IS NULL AND short_code >= ? AND short_code < ? ORDER BY short_code LIMIT 8",
                [short, after(short)],
            )
        for beginning in dict.fromkeys((folded, " ".join(map(american, typed)))):
            condition = "folded >= ? AND folded < ? ORDER BY +id LIMIT ?"
            yield from self._where(condition, [beginning, after(beginning), FIRST_FEW])
        matching = "id IN (SELECT rowid FROM found WHERE found MATCH ? ORDER BY rowid LIMIT ?) ORDER BY id"
        hits = self._where(matching, [" AND ".join(map(_begins, typed)), FIRST_FEW])
        yield from sorted(hits, key=lambda term: not _in_a_row(typed, words(term.name)))

    def _where(self, condition: str, values: Sequence[object]) -> Iterator[Term]:
        for code, label, name in self.database.execute(f"{SELECT} WHERE {condition}", values).fetchall():
            yield Term(code=code, label=label, name=name)

    def _phrases(self, typed: tuple[str, ...], known: Callable[[str], bool]) -> Iterator[list[str]]:
        """The words as typed, then with what each unknown word may have meant, run together or apart."""
        for sequence in _joined(typed):
            choices = [[(word,)] if known(word) else self._meant(word) for word in sequence]
            for number, chosen in enumerate(product(*choices)):
                if number == MOST_PHRASES:
                    break
                yield [word for part in chosen for word in part if word not in FILLERS]

    def _meant(self, word: str) -> list[tuple[str, ...]]:
        """Known words that this one may be, nearest first; and the two that it may have run together."""
        most = allowed_edits(word)
        near = []
        if most:
            condition = "SELECT text, letters FROM word WHERE first = ? AND length BETWEEN ? AND ?"
            mask = letters(word)
            for text, others in self.database.execute(condition, [word[0], len(word) - most, len(word) + most]):
                if (mask ^ others).bit_count() <= 2 * most and (cost := word_edits(word, text)) is not None:
                    near.append((cost, text))
        apart = [(word[:at], word[at:]) for at in range(3, len(word) - 2)]
        return [(text,) for _, text in sorted(near)[:MOST_CANDIDATES]] + [
            pair for pair in apart if all(map(self.knows, pair))
        ]


def _joined(typed: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield typed
    for at in range(len(typed) - 1):
        yield (*typed[:at], typed[at] + typed[at + 1], *typed[at + 2 :])


def _in_a_row(typed: Sequence[str], named: Sequence[str]) -> bool:
    """Whether the typed words begin neighbouring words of the name, in the same order."""
    parts = list(map(american, typed))
    return any(
        all(american(word).startswith(part) for part, word in zip(parts, named[at:], strict=False))
        for at in range(len(named) - len(parts) + 1)
    )


def after(prefix: str) -> str:
    """The end of the range of texts that begin so."""
    return prefix + "\U0010ffff"


@lru_cache(maxsize=256)
def _begins(word: str) -> str:
    """A word's beginning as the word index is asked for it, and its American spelling once there is enough of it."""
    forms = {word, american(word)} if len(word) > SHORTEST else {word}
    return "(" + " OR ".join(f'"{form}"*' for form in sorted(forms)) + ")"
