"""Notes copied forward are found; different notes are not."""

import random

from saeserve.mining.duplicates import NearDuplicates, overlap, sketch
from tests.unit.saeserve import tiny


def words_of(text: str, *, run: int) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return {tuple(words[i : i + run]) for i in range(len(words) - run + 1)}


def test_a_note_copied_forward_with_a_changed_sentence_is_a_near_duplicate() -> None:
    chance = random.Random(4)
    text = tiny.note(chance, 60)
    known = NearDuplicates()
    assert not known.seen(text)
    assert known.seen(text)
    assert known.seen(text + " Plan unchanged, review tomorrow.")


def test_different_notes_are_kept() -> None:
    chance = random.Random(5)
    known = NearDuplicates()
    assert not any(
        known.seen(" ".join(chance.choices(["pain", "left", "knee", "no", "fever", "since", "day"], k=80)))
        for _ in range(50)
    )


def test_the_estimate_is_near_the_true_overlap() -> None:
    chance = random.Random(6)
    one = [f"w{chance.randint(0, 10**6)}x" for _ in range(2000)]
    letters = str.maketrans("0123456789", "abcdefghij")
    two = one[:1500] + [f"v{chance.randint(0, 10**6)}" for _ in range(500)]
    first, second = (" ".join(words).translate(letters) for words in (one, two))
    exact = len(words_of(first, run=5) & words_of(second, run=5)) / len(
        words_of(first, run=5) | words_of(second, run=5)
    )
    assert abs(overlap(sketch(first), sketch(second)) - exact) < 0.12


def test_texts_without_words_can_be_compared() -> None:
    known = NearDuplicates()
    assert not known.seen("…")
    assert not known.seen("???")
    assert known.seen("…")
