"""Which of many terms may be one, differently written."""

import pytest

from annotation.rules.near_pairs import near_pairs, same_code_pairs

REAL = {"hypotension", "hypertension", "chest", "pain", "left", "right", "knee", "elbow"}


def found(*terms: str) -> set[frozenset[str]]:
    return {frozenset({terms[one], terms[other]}) for _, one, other in near_pairs(terms, REAL.__contains__)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("chest pain", "pain of the chest"),
        ("chest pain", "chestpain"),
        ("chest pain", "chest pian"),
        ("oedema", "edema"),
        ("Sjögren syndrome", "sjogren's syndrome"),
        ("chest pian", "pian in the chest"),
    ],
)
def test_one_term_differently_written_is_found(one: str, other: str) -> None:
    assert found(one, "insulin", other) == {frozenset({one, other})}
    assert found(other, one) == {frozenset({one, other})}


@pytest.mark.parametrize(
    ("one", "other"),
    [("hypotension", "hypertension"), ("left knee", "right knee"), ("knee", "elbow"), ("?", "!"), ("MI", "MS")],
)
def test_two_terms_are_left_alone(one: str, other: str) -> None:
    assert found(one, other) == set()


def test_the_nearest_come_first() -> None:
    terms = ["troponnin", "chest pain", "troponin", "pain chest"]
    assert near_pairs(terms, REAL.__contains__) == [(0, 1, 3), (1, 0, 2)]


def test_names_of_one_code_are_a_pair() -> None:
    assert same_code_pairs([(0, "I21"), (2, "I21"), (1, "I20"), (2, "I21")]) == [(0, 2, "I21")]
