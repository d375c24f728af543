"""A run's answers, item by item and scope by scope, each item's made once and kept for the steps that follow."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from annotation.actions.results.questions import Question, question, question_keys
from annotation.actions.results.scoped import Given, scoped_answers
from annotation.models import RubricItem
from annotation.queries.rating_records import answers_of
from annotation.queries.result_inputs import Inputs
from annotation.queries.result_method import VERSION
from annotation.rules.scopes import ALL, Scope
from annotation.science.digest import digest
from annotation.science.types import Answer, Value


class LaidAnswers:
    """Of one run's inputs. Keeps those of the item that was asked for last: steps come item by item."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self._items = {item.key: item for item in inputs.items}
        self._of_question = {key: item for item in inputs.items for key in question_keys(item)}
        self._given: tuple[str, Given] = ("", ())
        self._counted: dict[str, tuple[RubricItem, list[Answer]]] = {}

    def counted(self, key: str) -> tuple[RubricItem, list[Answer]]:
        """The item and all its answers that count."""
        if key not in self._counted:
            self._counted = {key: self._scoped(key, Scope(kind=ALL))}
        return self._counted[key]

    def scoped(self, key: str, scope: Scope) -> tuple[RubricItem, list[Answer]]:
        return self.counted(key) if scope.kind == ALL else self._scoped(key, scope)

    def _scoped(self, key: str, scope: Scope) -> tuple[RubricItem, list[Answer]]:
        if self._given[0] != key:
            self._given = (key, answers_of(self._items[key], self.inputs.records))
        return scoped_answers(self.inputs, self._items[key], scope, self._given[1])

    def question(self, key: str) -> Question:
        return question(self._of_question[key], key, self.inputs.counted)

    def lines(self, answers: Iterable[Answer]) -> str:
        """sha256, in hex, of the answers in their order, which is that of latent, rater and time."""
        return _hashed(_line(answer) for answer in answers)

    def digest(
        self, item: RubricItem, answers: Sequence[Answer], what: str, *, homes: bool = False, **context: Any
    ) -> str:
        """Of what a step of agreement on the item's answers rests on: scores of rationales are not among it, and
        institutions (homes) only where it compares them.
        """
        options = [option["value"] for option in item.options]
        given = _hashed(_short_line(answer, answer.institution if homes else "") for answer in answers)
        return digest((), version=VERSION, what=what, kind=item.kind, options=options, answers=given, **context)


def _hashed(lines: Iterable[str]) -> str:
    return hashlib.sha256("\x1e".join(lines).encode()).hexdigest()


def _line(answer: Answer) -> str:
    scores = "\x1f".join(f"{score.scorer}\x1d{score.value!r}" for score in answer.scores)
    return f"{_short_line(answer, answer.institution)}\x1f{scores}"


def _short_line(answer: Answer, institution: str) -> str:
    return f"{answer.latent}\x1f{answer.rater}\x1f{institution}\x1f{answer.reading}\x1f{_text(answer.value)}"


def _text(value: Value | None) -> str:
    """Distinguishes 4 from "4", and every set from every text."""
    if isinstance(value, frozenset):
        return "{" + "\x1d".join(sorted(value)) + "}"
    return repr(value)
