"""A tally holds what plain loops find, and any way of sharding a corpus gives the same tally."""

import random
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saeserve.mining.count import count
from saeserve.mining.keep import NEIGHBOUR_RANKS, Limits
from saeserve.mining.merge import merge
from saeserve.mining.tally import Candidates, Tally, load_tally, save_tally
from tests.unit.saeserve import made_up_firings as made_up
from tests.unit.saeserve import naive_tally as naive

LIMITS = Limits(top=5, sample=7, held=6)
DOCUMENTS = list(range(48))


def tally_of(documents: list[int]) -> Tally:
    firings, snippets = made_up.make(documents)
    return count(firings, snippets, width=made_up.LATENTS, edges=made_up.EDGES, limits=LIMITS)


WHOLE = tally_of(DOCUMENTS)


def assert_same(one: Tally, other: Tally) -> None:
    for part in fields(Tally):
        for column in fields(getattr(one, part.name)):
            mine, theirs = (getattr(getattr(tally, part.name), column.name) for tally in (one, other))
            np.testing.assert_array_equal(mine, theirs, err_msg=f"{part.name}.{column.name}")


def places_of(candidates: Candidates, latent: int) -> list[naive.Place]:
    rows = np.nonzero(candidates.latents == latent)[0]
    return [(int(candidates.documents[row]), int(candidates.starts[row])) for row in rows]


def test_counts_equal_plain_loops() -> None:
    firings, snippets = made_up.make(DOCUMENTS)
    found = naive.found(firings, snippets)
    for latent in range(made_up.LATENTS):
        values = [float(v) for at, v in zip(firings.latents, firings.values, strict=True) if at == latent]
        assert WHOLE.counts.firings[latent] == len(values)
        assert WHOLE.counts.maximum[latent] == np.float32(max(values))
        assert WHOLE.counts.documents[latent] == len({one.place[0] for one in found[latent] if not one.reserved})
        inside = np.clip(values, made_up.EDGES[0], np.nextafter(made_up.EDGES[-1], 0))
        np.testing.assert_array_equal(WHOLE.counts.histogram[latent], np.histogram(inside, made_up.EDGES)[0])
    assert WHOLE.counts.totals[0] == firings.token_count


def test_candidates_equal_plain_loops() -> None:
    found = naive.found(*made_up.make(DOCUMENTS))
    for latent, everywhere in found.items():
        shown = [one for one in everywhere if not one.reserved]
        held = [one for one in everywhere if one.reserved]
        assert places_of(WHOLE.top, latent) == naive.strongest(shown, LIMITS.top)
        assert places_of(WHOLE.sample, latent) == naive.drawn(shown, LIMITS.sample)
        assert places_of(WHOLE.held, latent) == naive.drawn(held, LIMITS.held)


def test_no_candidate_shares_a_document_or_a_text_with_another_of_its_latent() -> None:
    for candidates in (WHOLE.top, WHOLE.sample, WHOLE.held):
        for column in (candidates.documents, candidates.groups):
            pairs = list(zip(candidates.latents.tolist(), column.tolist(), strict=True))
            assert len(set(pairs)) == len(pairs)


def test_each_candidate_carries_its_own_tokens() -> None:
    for candidates in (WHOLE.top, WHOLE.sample, WHOLE.held):
        for row, (first, number) in enumerate(zip(candidates.token_firsts, candidates.token_counts, strict=True)):
            values = candidates.token_values[first : first + number]
            assert values.max() == candidates.peaks[row]
            assert (values > 0).all()


def test_the_pool_knows_every_firing_latent_of_the_first_candidates() -> None:
    found = naive.found(*made_up.make(DOCUMENTS))
    firsts = np.cumsum(WHOLE.pool.latent_counts) - WHOLE.pool.latent_counts
    known = {
        (int(WHOLE.pool.documents[row]), int(WHOLE.pool.starts[row])): set(
            WHOLE.pool.latents[first : first + WHOLE.pool.latent_counts[row]].tolist()
        )
        for row, first in enumerate(firsts)
    }
    for latent in found:
        for place in places_of(WHOLE.top, latent)[:NEIGHBOUR_RANKS]:
            assert known[place] == {other for other in found if place in [one.place for one in found[other]]}


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.randoms(use_true_random=False))
def test_any_number_of_shards_in_any_order_and_grouping_gives_the_same(number: int, chance: random.Random) -> None:
    borders = sorted(chance.sample(range(1, len(DOCUMENTS)), number - 1))
    ends = [0, *borders, len(DOCUMENTS)]
    tallies = [tally_of(DOCUMENTS[first:last]) for first, last in pairwise(ends)]
    chance.shuffle(tallies)
    while len(tallies) > 1:
        taken = [tallies.pop() for _ in range(chance.randint(2, min(4, len(tallies))))]
        tallies.insert(chance.randint(0, len(tallies)), merge(taken, LIMITS))
    assert_same(tallies[0], WHOLE)


def test_the_pool_stays_exact_where_it_overflows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saeserve.mining.keep.POOL", 5)
    whole = tally_of(DOCUMENTS)
    assert len(whole.pool) < len(WHOLE.pool)
    parts = [tally_of(DOCUMENTS[first : first + 7]) for first in range(0, 48, 7)]
    assert_same(merge([merge(parts[3:], LIMITS), merge(parts[:3], LIMITS)], LIMITS), whole)


def test_a_shard_run_twice_overwrites_itself_with_the_same_bytes(tmp_path: Path) -> None:
    for name in ("once", "twice"):
        save_tally(tally_of(DOCUMENTS[:9]), tmp_path / name)
    assert (tmp_path / "once").read_bytes() == (tmp_path / "twice").read_bytes()
    assert_same(load_tally(tmp_path / "once"), tally_of(DOCUMENTS[:9]))


def test_documents_in_which_nothing_fires_change_no_candidate() -> None:
    firings, snippets = made_up.make(DOCUMENTS)
    none = firings.values < 0
    rows = {name: getattr(firings, name)[none] for name in ("latents", "values", "tokens")}
    silent = replace(firings, **rows)
    tally = count(silent, snippets, width=made_up.LATENTS, edges=made_up.EDGES, limits=LIMITS)
    assert not tally.counts.firings.any()
    assert not len(tally.top)
