"""The small world of these tests, and the golden tables."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import settings

from annotation.science.table import RatingTable
from annotation.science.types import Answer, Value

settings.register_profile("science", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("science")

GOLDEN = Path(__file__).parents[2] / "golden"


def golden_rows(name: str) -> list[dict[str, str]]:
    with (GOLDEN / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def golden() -> Callable[[str], list[dict[str, str]]]:
    return golden_rows


@pytest.fixture
def ratings() -> Callable[..., list[Answer]]:
    """One string per latent, one letter per rater in turn; a dot is "cannot tell"."""

    def build(*latents: str, institutions: str = "") -> list[Answer]:
        return [
            Answer(f"latent {i:02d}", f"rater {j}", None if letter == "." else letter, _site(institutions, j))
            for i, row in enumerate(latents)
            for j, letter in enumerate(row)
        ]

    return build


def _site(institutions: str, rater: int) -> str:
    return institutions[rater] if institutions else "north"


@pytest.fixture
def table_of() -> Callable[[Iterable[Iterable[Value | None]]], RatingTable]:
    """Rows are latents, columns raters, None missing."""

    def build(rows: Iterable[Iterable[Value | None]], domain: list[Value] | None = None) -> RatingTable:
        answers = [Answer(f"{i:03d}", f"{j}", value) for i, row in enumerate(rows) for j, value in enumerate(row)]
        return RatingTable.from_answers(answers, domain)

    return build
