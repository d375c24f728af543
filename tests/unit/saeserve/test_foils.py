"""Foils: silent, each from another owner and text, and hard ones taken from four sources in turn."""

import numpy as np
import pytest

from saeserve.mining.foils import FoilFinder, Hints, PoolFacts, Used
from saeserve.mining.merge_files import Looks
from saeserve.mining.tally import Pool
from saeserve.mining.words import WordRows

WIDTH, ROWS = 6, 400
CHANCE = np.random.default_rng(12)
FIRES = CHANCE.random((ROWS, WIDTH)) < np.linspace(0.02, 0.6, WIDTH)
FIRES[:, 0] = False
RESERVED = np.arange(ROWS) % 2 == 1
WORDS = [("pain",) if row % 20 < 2 else ("cough",) for row in range(ROWS)]
MENTIONS = [("pain",) if 2 <= row % 20 < 4 else () for row in range(ROWS)]
SPECIALTIES, SECTIONS = np.arange(ROWS) % 7, (np.arange(ROWS) % 11).astype(np.int8)
HINTS = Hints(neighbours=np.array([2, 3]), specialties=(5,), sections=(4,), words=("pain",))


def pool() -> Pool:
    rows, latents = np.nonzero(FIRES)
    return Pool(
        snippets=np.arange(ROWS, dtype=np.int32) * 3,
        owners=(np.arange(ROWS) % 150).astype(np.int32),
        groups=(np.arange(ROWS) % 190).astype(np.int32),
        hashes=CHANCE.integers(0, 2**63, ROWS).astype(np.uint64),
        reserved=RESERVED,
        latent_counts=np.bincount(rows, minlength=ROWS).astype(np.int32),
        latents=latents.astype(np.int32),
    )


POOL = pool()
FACTS = PoolFacts.of(
    POOL,
    specialties=SPECIALTIES,
    sections=SECTIONS,
    words=WordRows.of(WORDS),
    mentions=WordRows.of(MENTIONS),
    width=WIDTH,
)


def look_rows(latent: int, *, reserved: bool) -> list[int]:
    return np.flatnonzero(FIRES[:, latent] & (reserved == RESERVED))[:4].tolist()


def finder(*, reserved: bool) -> FoilFinder:
    rows = [(latent, row) for latent in range(WIDTH) for row in look_rows(latent, reserved=reserved)]
    latents, found = np.array(rows).T
    looks = Looks(latents.astype(np.int32), POOL.snippets[found], np.zeros(len(found), np.int32))
    return FoilFinder(FACTS, looks, reserved=reserved, width=WIDTH)


def of_source(rows: list[int], source: str, latent: int, *, reserved: bool) -> list[int]:
    inside = {
        "neighbours": lambda row: any(row in look_rows(near, reserved=reserved) for near in HINTS.neighbours.tolist()),
        "mentions": lambda row: "pain" in MENTIONS[row],
        "words": lambda row: "pain" in WORDS[row],
        "alike": lambda row: SPECIALTIES[row] in HINTS.specialties or SECTIONS[row] in HINTS.sections,
    }[source]
    return [row for row in rows if inside(row)]


@pytest.mark.parametrize("reserved", [False, True])
@pytest.mark.parametrize("latent", [1, 3, 5])
def test_the_latent_fires_in_no_foil_and_no_two_share_owner_or_text(latent: int, reserved: bool) -> None:
    used = Used()
    found = finder(reserved=reserved)
    rows = found.hard(latent, HINTS, avoid=used, number=12)[0] + found.random(latent, avoid=used, number=30)
    assert len(rows) > 25
    assert not FIRES[rows, latent].any()
    assert (RESERVED[rows] == reserved).all()
    assert len(set(POOL.owners[rows].tolist())) == len(rows)
    assert len(set(POOL.groups[rows].tolist())) == len(rows)


@pytest.mark.parametrize("reserved", [False, True])
def test_hard_foils_come_from_all_four_sources(reserved: bool) -> None:
    rows, mentions = finder(reserved=reserved).hard(1, HINTS, avoid=Used(), number=12)
    assert len(rows) == 12
    for source in ("neighbours", "mentions", "words", "alike"):
        assert len(of_source(rows, source, 1, reserved=reserved)) >= 2, source
    marked = [row for row, mention in zip(rows, mentions, strict=True) if mention]
    assert 2 <= len(marked) < len(rows)
    assert of_source(marked, "mentions", 1, reserved=reserved) == marked


def test_what_is_used_up_is_not_drawn_again() -> None:
    found, used = finder(reserved=False), Used()
    first = found.random(1, avoid=used, number=20)
    second = found.random(1, avoid=used, number=20)
    assert not {*POOL.owners[first].tolist()} & {*POOL.owners[second].tolist()}


def test_latents_draw_different_random_foils() -> None:
    found = finder(reserved=False)
    draws = {tuple(found.random(latent, avoid=Used(), number=5)) for latent in range(1, 4)}
    assert len(draws) == 3


def test_a_latent_without_hints_has_no_hard_foils() -> None:
    nothing = Hints(np.empty(0, np.int64), (), (), ())
    assert finder(reserved=False).hard(1, nothing, avoid=Used(), number=5) == ([], [])


def test_rows_of_a_word_are_those_that_hold_it() -> None:
    rows = WordRows.of([{"a", "b"}, set(), {"b"}, {"naïve", "a"}])
    assert rows.of_word("a").tolist() == [0, 3]
    assert rows.of_word("b").tolist() == [0, 2]
    assert rows.of_word("naïve").tolist() == [3]
    assert rows.of_word("c").tolist() == []
