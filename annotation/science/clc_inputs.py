"""The digest of what went into a consensus: the same for the same answers in any order."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from annotation.science.answer_table import AnswerTable
from annotation.science.digest import digest
from annotation.science.types import Answer, CalibrationAnswer, LearnabilityScore


def inputs_digest(
    table: AnswerTable, unsure: Sequence[Answer], calibration: Sequence[CalibrationAnswer], **context: Any
) -> str:
    """sha256, in hex. `unsure`: the answers that cannot tell, which the table leaves out.

    The table goes in as its names and its arrays: a text for each answer took longer than all the rest of a consensus.
    """
    columns = (table.latent, table.rater, table.institution, table.reading, table.chosen)
    places = hashlib.sha256(b"".join(column.astype("<i8").tobytes() for column in columns)).hexdigest()
    return digest(
        (),
        names=[table.latents, table.raters, table.institutions],
        classes=table.classes if table.is_open else (),
        answers=[table.n_answers, places],
        scores=_sparse(_plain(answer.scores) for answer in table.answers),
        rounds=_sparse(answer.round for answer in table.answers),
        unsure=sorted(_columns(answer) for answer in unsure),
        calibration=sorted(
            (known.rater, known.latent, known.reference_share, known.n_classes, _plain(known.scores))
            for known in calibration
        ),
        **context,
    )


def _sparse(column: Iterable[Any]) -> list[tuple[int, Any]]:
    """The values that say something, each with its row."""
    return [(row, value) for row, value in enumerate(column) if value]


def _columns(answer: Answer) -> tuple[Any, ...]:
    return (
        answer.latent,
        answer.rater,
        answer.reading,
        answer.institution,
        answer.round,
        _plain(answer.scores),
    )


def _plain(scores: tuple[LearnabilityScore, ...]) -> tuple[tuple[str, float], ...]:
    """In an order that is not the input's."""
    return tuple(sorted((score.scorer, score.value) for score in scores)) if scores else ()
