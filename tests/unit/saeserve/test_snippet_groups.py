"""Snippets that say nearly the same are one group; the estimate agrees with the exact overlap."""

import random

import numpy as np
import pytest

from saeserve.mining.snippet_groups import LETTERS, NEAR, RUN, groups_of, signatures

WORDS = [f"{a}{b}{c}" for a in "bcdfg" for b in "aeiou" for c in "lmnrs"]


def made_up(chance: random.Random, words: int) -> list[str]:
    return [chance.choice(WORDS) for _ in range(words)]


def runs(text: str) -> set[tuple[str, ...]]:
    words = LETTERS.findall(text.lower())
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def overlap(one: str, other: str) -> float:
    return len(runs(one) & runs(other)) / len(runs(one) | runs(other))


def groups(*texts: str) -> list[int]:
    return groups_of(signatures(texts)).tolist()


def test_numbers_punctuation_and_case_make_no_difference() -> None:
    assert groups("BP 120/80, no fever today.", "other words here", "bp 95/60 no FEVER today") == [0, 1, 0]


def test_one_changed_word_in_a_long_snippet_makes_no_difference() -> None:
    words = made_up(random.Random(1), 50)
    changed = [*words[:49], "otherwise"]
    assert groups(" ".join(words), " ".join(changed)) == [0, 0]


def test_different_snippets_stay_apart() -> None:
    chance = random.Random(2)
    assert groups(*(" ".join(made_up(chance, 40)) for _ in range(300))) == list(range(300))


def test_short_and_wordless_texts_are_told_apart() -> None:
    assert groups("fever", "no fever", "12", "13", "12", "Fever.") == [0, 1, 2, 3, 2, 0]


def test_estimated_overlap_is_near_the_exact_one() -> None:
    chance = random.Random(3)
    errors = []
    for kept in range(5, 60, 5):
        one, other = made_up(chance, 60), made_up(chance, 60)
        texts = " ".join(one), " ".join(one[:kept] + other[kept:])
        first, second = signatures(texts)
        errors.append(float((first == second).mean()) - overlap(*texts))
    assert np.abs(np.mean(errors)) < 0.06
    assert np.abs(errors).max() < 0.3


@pytest.mark.parametrize("changed", [2, 4])
def test_nearly_all_pairs_of_high_overlap_are_found_and_hardly_any_of_low(changed: int) -> None:
    chance = random.Random(changed)
    near, far = 0, 0
    for _ in range(200):
        words = made_up(chance, 60)
        edited = words[:-changed] + made_up(chance, changed)
        near += groups(" ".join(words), " ".join(edited)) == [0, 0]
        half = words[:30] + made_up(chance, 30)
        far += groups(" ".join(words), " ".join(half)) == [0, 0]
    assert overlap(" ".join(words), " ".join(edited)) > NEAR
    assert near >= 190
    assert far <= 4


def test_a_chain_of_links_is_one_group_with_the_number_of_its_first() -> None:
    words = made_up(random.Random(4), 60)
    chain = [" ".join(words[at : at + 54]) for at in range(0, 7, 3)]
    assert groups("unrelated words", *chain, chain[2]) == [0, 1, 1, 1, 1]


def test_groups_do_not_depend_on_other_snippets() -> None:
    chance = random.Random(5)
    texts = [" ".join(made_up(chance, 40)) for _ in range(50)]
    copies = [*texts, *texts]
    assert groups(*copies) == [*range(50), *range(50)]
    assert groups_of(signatures([])).tolist() == []
