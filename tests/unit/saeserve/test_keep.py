"""What is kept of candidates: exact where most of a latent's rows share owners or texts, and however many tie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from saeserve.contract import MiningRequest
from saeserve.mining.keep import (
    LOOK_ALIKES,
    MOST_LOOKS,
    REACH,
    Limits,
    drawn,
    one_each,
    rank_within,
    rows_by,
    strongest,
)
from saeserve.mining.tally import Candidates
from saeserve.mining.token_draw import MOST_FIRINGS, MOST_TOKENS, DrawLimits


def candidates(rows: list[tuple[int, int, int, int]]) -> Candidates:
    """rows: latent, owner, group, peak. One token each."""
    latents, owners, groups, peaks = (np.array(column, np.int32) for column in zip(*rows, strict=True))
    number = np.arange(len(rows), dtype=np.int32)
    return Candidates(
        latents=latents,
        snippets=number,
        owners=owners,
        groups=groups,
        hashes=(number * 7919 % 10007).astype(np.uint64),
        peaks=peaks.astype(np.float32),
        token_counts=np.ones(len(rows), np.int32),
        token_starts=number,
        token_ends=number + 1,
        token_values=peaks.astype(np.float32),
    )


def naive(rows: Candidates, order: list[int], limit: int) -> list[int]:
    kept: list[int] = []
    for latent in sorted(set(rows.latents.tolist())):
        mine = [row for row in order if rows.latents[row] == latent]
        chosen = set()
        for column in (rows.owners, rows.groups):
            firsts: dict[int, int] = {}
            for row in mine:
                firsts.setdefault(int(column[row]), row)
            chosen |= set(list(firsts.values())[:limit])
        kept += [row for row in mine if row in chosen]
    return kept


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=80
)


@settings(deadline=None, max_examples=200)
@given(ROWS, st.integers(1, 4))
def test_the_first_owners_and_the_first_texts_are_kept(rows: list[tuple[int, int, int, int]], limit: int) -> None:
    every = candidates(rows)
    places = range(len(rows))
    by_peak = sorted(places, key=lambda row: (-every.peaks[row], every.hashes[row], row))
    assert strongest(every, limit).snippets.tolist() == naive(every, by_peak, limit)
    by_hash = sorted(places, key=lambda row: (every.hashes[row], row))
    assert drawn(every, limit).snippets.tolist() == naive(every, by_hash, limit)


@settings(deadline=None, max_examples=300)
@given(ROWS)
def test_one_an_owner_and_a_text_is_what_going_through_the_rows_gives(rows: list[tuple[int, int, int, int]]) -> None:
    ordered = sorted(rows, key=lambda row: row[0])
    expected, used = [], set()
    for latent, owner, group, _ in ordered:
        new = {("owner", latent, owner), ("group", latent, group)}
        expected.append(not new & used)
        used |= new if expected[-1] else set()
    assert one_each(candidates(ordered)).tolist() == expected


def test_a_row_put_out_by_one_that_is_put_out_itself_stays() -> None:
    rows = [(0, 1, 1, 9), (0, 1, 2, 8), (0, 3, 2, 7), (0, 3, 4, 6), (1, 1, 2, 5)]
    assert one_each(candidates(rows)).tolist() == [True, False, True, False, True]


def test_a_patient_with_very_many_notes_does_not_crowd_out_the_others() -> None:
    rows = [(0, 1, 1, 1000 - at) for at in range(20 * REACH)] + [(0, 2 + at, 2 + at, 1) for at in range(5)]
    kept = strongest(candidates(rows), 3)
    assert len(set(kept.owners.tolist())) >= 3
    assert kept.peaks[0] == 1000


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=40))
def test_ranks_count_up_within_a_latent(latents: list[int]) -> None:
    ordered = sorted(latents)
    expected = [at - ordered.index(latent) for at, latent in enumerate(ordered)]
    assert rank_within(np.array(ordered, np.int32)).tolist() == expected


@pytest.mark.parametrize(("l0", "tokens"), [(1, MOST_TOKENS), (32, MOST_TOKENS), (2000, MOST_FIRINGS // 2000)])
def test_tokens_drawn_are_bounded_by_tokens_and_by_firings(l0: float, tokens: int) -> None:
    limits = DrawLimits.of(corpus_tokens=10**9, l0=l0)
    assert limits.tokens == tokens
    expected = limits.below / 2**64 * 10**9
    assert tokens < expected < tokens * 1.2


def test_of_a_small_corpus_every_token_is_drawn() -> None:
    assert DrawLimits.of(corpus_tokens=1000, l0=32).below == 2**64 - 1


@pytest.mark.parametrize("width", [16, 4096, 65_536, 10**6])
def test_look_alikes_in_the_pool_are_bounded_however_wide_the_sae(width: int) -> None:
    request = MiningRequest(model="m", sae="s", corpus_digest="c")
    limits = Limits.of(request, width=width, corpus_tokens=10**6, l0=32)
    assert 1 <= limits.looks <= MOST_LOOKS
    assert limits.looks * width <= max(LOOK_ALIKES, width)


@given(keys=arrays(np.int32, st.integers(0, 60), elements=st.sampled_from([0, 1, 65_535, 65_536, 65_537, 2**31 - 1])))
def test_rows_by_key_are_those_of_a_stable_sort(keys: NDArray[np.int32]) -> None:
    assert rows_by(keys).tolist() == sorted(range(len(keys)), key=lambda row: keys[row])
