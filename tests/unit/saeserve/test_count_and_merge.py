"""A tally holds what plain loops find, and any way of sharding a corpus gives the same tally."""

import random
from collections import Counter
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saeserve.mining import merge_files as merging
from saeserve.mining.count import count
from saeserve.mining.keep import Limits, one_each
from saeserve.mining.merge import merge
from saeserve.mining.merge_files import merge_files
from saeserve.mining.tally import Candidates, Tally, load_tally, save_tally
from saeserve.mining.token_draw import DrawLimits
from tests.unit.saeserve import made_up_firings as made_up
from tests.unit.saeserve import naive_tally as naive

LIMITS = Limits(top=5, sample=7, held=6, looks=2, draw=DrawLimits(tokens=60, below=2**63))
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


def snippets_of(candidates: Candidates, latent: int) -> list[int]:
    return list(candidates.snippets[candidates.latents == latent].tolist())


def test_counts_equal_plain_loops() -> None:
    firings, snippets = made_up.make(DOCUMENTS)
    found = naive.found(firings, snippets)
    for latent in range(made_up.LATENTS):
        values = [float(v) for at, v in zip(firings.latents, firings.values, strict=True) if at == latent]
        assert WHOLE.counts.firings[latent] == len(values)
        assert WHOLE.counts.maximum[latent] == np.float32(max(values))
        assert WHOLE.counts.documents[latent] == len({one.document for one in found[latent] if not one.reserved})
        inside = np.clip(values, made_up.EDGES[0], np.nextafter(made_up.EDGES[-1], 0))
        np.testing.assert_array_equal(WHOLE.counts.histogram[latent], np.histogram(inside, made_up.EDGES)[0])
    assert WHOLE.counts.totals[0] == firings.token_count


def test_where_each_latent_fires_equals_plain_loops() -> None:
    firings, snippets = made_up.make(DOCUMENTS)
    kinds = {
        "specialties": snippets.specialties[firings.token_snippets],
        "sections": snippets.token_sections,
        "positions": snippets.token_tenths,
    }
    totals = {"specialties": "specialty_tokens", "sections": "section_tokens", "positions": "position_tokens"}
    for name, of_token in kinds.items():
        counted, table = naive.by_kind(firings, of_token), getattr(WHOLE.counts, name)
        assert table.sum() == len(firings.latents)
        assert all(table[key] == number for key, number in counted.items())
        seen = Counter(of_token.tolist())
        assert getattr(WHOLE.counts, totals[name]).tolist() == [seen[kind] for kind in range(table.shape[1])]


def test_candidates_equal_plain_loops() -> None:
    found = naive.found(*made_up.make(DOCUMENTS))
    for latent, everywhere in found.items():
        shown = [one for one in everywhere if not one.reserved]
        held = [one for one in everywhere if one.reserved]
        assert snippets_of(WHOLE.top, latent) == naive.strongest(shown, LIMITS.top)
        assert snippets_of(WHOLE.sample, latent) == naive.drawn(shown, LIMITS.sample)
        assert snippets_of(WHOLE.held, latent) == naive.drawn(held, LIMITS.held)


def test_of_the_candidates_one_a_patient_and_a_text_is_chosen() -> None:
    chosen = 0
    for candidates in (WHOLE.top, WHOLE.sample, WHOLE.held):
        may_be = one_each(candidates)
        for latent in range(made_up.LATENTS):
            rows = np.flatnonzero(may_be & (candidates.latents == latent))[: LIMITS.top]
            chosen += len(rows)
            for column in (candidates.owners, candidates.groups):
                assert len(set(column[rows].tolist())) == len(rows)
    assert chosen > 100


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
        int(WHOLE.pool.snippets[row]): set(WHOLE.pool.latents[first : first + WHOLE.pool.latent_counts[row]].tolist())
        for row, first in enumerate(firsts)
    }
    for latent in found:
        first, last = np.searchsorted(WHOLE.top.latents, [latent, latent + 1]).tolist()
        owners = list(dict.fromkeys(WHOLE.top.owners[first:last].tolist()))[: LIMITS.looks]
        for owner in owners:
            row = first + WHOLE.top.owners[first:last].tolist().index(owner)
            snippet = int(WHOLE.top.snippets[row])
            assert known[snippet] == {other for other in found if snippet in [one.number for one in found[other]]}


def test_the_token_draw_holds_the_lowest_hashes_with_all_their_firings() -> None:
    tokens = naive.tokens(*made_up.make(DOCUMENTS))[: LIMITS.draw.tokens]
    draw = WHOLE.draw
    assert draw.hashes.tolist() == [token.hash for token in tokens]
    assert list(zip(draw.documents.tolist(), draw.positions.tolist(), strict=True)) == [t.place[:2] for t in tokens]
    assert draw.ids.tolist() == [token.id for token in tokens]
    firing: list[dict[int, float]] = [{} for _ in tokens]
    for token, latent, value in zip(draw.tokens.tolist(), draw.latents.tolist(), draw.values.tolist(), strict=True):
        firing[token][latent] = value
    assert firing == [token.firing for token in tokens]


def test_tokens_that_begin_at_one_character_are_drawn_apart() -> None:
    hashes = [token.hash for token in naive.tokens(*made_up.make(DOCUMENTS))]
    assert len(set(hashes)) == len(hashes)


def shards_of(chance: random.Random, number: int) -> list[Tally]:
    ends = [0, *sorted(chance.sample(range(1, len(DOCUMENTS)), number - 1)), len(DOCUMENTS)]
    tallies = [tally_of(DOCUMENTS[first:last]) for first, last in pairwise(ends)]
    chance.shuffle(tallies)
    return tallies


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.randoms(use_true_random=False))
def test_any_number_of_shards_in_any_order_and_grouping_gives_the_same(number: int, chance: random.Random) -> None:
    tallies = shards_of(chance, number)
    while len(tallies) > 1:
        taken = [tallies.pop() for _ in range(chance.randint(2, min(4, len(tallies))))]
        tallies.insert(chance.randint(0, len(tallies)), merge(taken, LIMITS))
    assert_same(tallies[0], WHOLE)


@pytest.mark.parametrize("block", [1, 5, 100])
@pytest.mark.parametrize(("number", "rows"), [(1, 2**20), (7, 2**20), (7, 60)])
def test_merging_files_in_blocks_of_latents_gives_the_same(
    block: int, number: int, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "LATENT_BLOCK", block)
    monkeypatch.setattr(merging, "ROWS", rows)
    files = []
    for place, tally in enumerate(shards_of(random.Random(number), number)):
        files.append(tmp_path / str(place))
        save_tally(tally, files[-1])
    merged = merge_files(files, LIMITS, width=made_up.LATENTS, into=tmp_path / "merged")
    blocks = list(merged.blocks())
    assert [(part.first, part.last) for part in blocks] == [
        (first, min(first + block, made_up.LATENTS)) for first in range(0, made_up.LATENTS, block)
    ]
    lists = {
        name: Candidates(
            **{
                column.name: np.concatenate([getattr(getattr(part, name), column.name) for part in blocks])
                for column in fields(Candidates)
            }
        )
        for name in ("top", "sample", "held")
    }
    assert_same(Tally(counts=merged.counts, pool=merged.pool, draw=merged.draw, **lists), WHOLE)


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
    assert len(tally.draw) == LIMITS.draw.tokens
    assert_same(merge([tally], LIMITS), tally)
