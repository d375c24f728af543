"""A set-valued item (flags) is one yes-or-no problem per member."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from annotation.science.types import Answer, Item, ScienceError, closed_item

YES, NO = "yes", "no"
YES_OR_NO: Item = closed_item((YES, NO))
"""The item with which `clc`, `dawid_skene` and `majority` take each member's answers."""


def answers_by_member(answers: Iterable[Answer], members: Sequence[str]) -> dict[str, tuple[Answer, ...]]:
    """For each member, every answer as "yes" (she set it) or "no". An answer of None stays missing.

    Raises ScienceError if an answer is no frozenset, or holds a member that is not listed.
    """
    given = tuple(answers)
    for answer in given:
        if answer.value is not None and not isinstance(answer.value, frozenset):
            raise ScienceError(f"A set-valued item needs frozensets; {answer.value!r} is none.")
        if strange := sorted((answer.value or frozenset()) - set(members)):
            raise ScienceError(f"The answer {strange[0]!r} is not among the rubric's options.")
    return {member: tuple(_about(answer, member) for answer in given) for member in members}


def _about(answer: Answer, member: str) -> Answer:
    if not isinstance(answer.value, frozenset):
        return answer
    return replace(answer, value=YES if member in answer.value else NO)
