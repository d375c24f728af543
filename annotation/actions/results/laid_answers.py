"""A run's answers, item by item and scope by scope, each item's made once and kept for the steps that follow."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from annotation.actions.results.questions import Question, question, question_keys
from annotation.actions.results.scoped import scoped_answers
from annotation.actions.results.version import VERSION
from annotation.models import RubricItem
from annotation.queries.result_inputs import Inputs
from annotation.rules.scopes import ALL, Scope
from annotation.science.digest import digest
from annotation.science.types import Answer, Value


class LaidAnswers:
    """Of one run's inputs. Keeps those of the item that was asked for last: steps come item by item."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self._items = {item.key: item for item in inputs.items}
        self._of_question = {key: item for item in inputs.items for key in question_keys(item)}
        self._kept: tuple[str, tuple[RubricItem, list[Answer]]] | None = None

    def counted(self, key: str) -> tuple[RubricItem, list[Answer]]:
        """The item and all its answers that count."""
        if self._kept is None or self._kept[0] != key:
            self._kept = (key, scoped_answers(self.inputs, self._items[key], Scope(kind=ALL)))
        return self._kept[1]

    def scoped(self, key: str, scope: Scope) -> tuple[RubricItem, list[Answer]]:
        if scope.kind == ALL:
            return self.counted(key)
        return scoped_answers(self.inputs, self._items[key], scope)

    def question(self, key: str) -> Question:
        return question(self._of_question[key], key, self.inputs.counted)

    def lines(self, answers: Iterable[Answer]) -> str:
        """sha256, in hex, of the answers in their order, which is that of latent, rater and time."""
        body = hashlib.sha256()
        for answer in answers:
            body.update(_line(answer))
        return body.hexdigest()

    def digest(self, item: RubricItem, answers: Sequence[Answer], what: str, **context: Any) -> str:
        """Of what a step on the item's answers rests on."""
        options = [option["value"] for option in item.options]
        return digest(
            (), version=VERSION, what=what, kind=item.kind, options=options, answers=self.lines(answers), **context
        )


def _line(answer: Answer) -> bytes:
    parts = (
        answer.latent,
        answer.rater,
        answer.institution,
        str(answer.reading),
        _text(answer.value),
        *(f"{score.scorer}\x1d{score.value!r}" for score in answer.scores),
    )
    return ("\x1f".join(parts) + "\x1e").encode()


def _text(value: Value | None) -> str:
    """Distinguishes 4 from "4", and every set from every text."""
    if isinstance(value, frozenset):
        return "{" + "\x1d".join(sorted(value)) + "}"
    return repr(value)
