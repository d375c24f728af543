"""Whatever the files hold, snippets keep the rules of a mined run."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from annotation.interop.choosing import DECILE, KINDS, TOP, Frame, Looks, Wish, choose, edges_of, reserve
from annotation.interop.passages import cut, lay_out
from annotation.interop.profile import histogram_edges, spread_bars

TEXTS = some.text(alphabet="abc .\n,!?éΩ1", max_size=1500)


@given(TEXTS)
def test_passages_tile_their_text(text: str) -> None:
    spans = cut(text)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(end > start for start, end in spans) or not text


def test_passages_are_sentences_of_readable_length() -> None:
    text = " ".join(f"Sentence {n} of the note says a few words about the patient." for n in range(60))
    lengths = [len(text[start:end].split()) for start, end in cut(text)]
    assert all(25 <= length <= 60 for length in lengths[:-1])


def test_a_text_without_an_end_is_cut_at_spaces() -> None:
    assert all(end - start <= 140 for start, end in cut("x " * 500))


@settings(deadline=None)
@given(some.integers(0, 2**32 - 1), some.integers(1, 60), some.integers(0, 60))
def test_nothing_reserved_is_shown_and_no_document_twice(seed: int, documents: int, firing: int) -> None:
    rng = np.random.default_rng(seed)
    passages = lay_out(
        [f"d{n}" for n in range(documents)], [f"word {'xyz'[n % 3] * (n % 7 + 1)} " for n in range(documents)]
    )
    wish = Wish(reserved_share=float(rng.choice([0.0, 0.3, 0.9])), top=4, per_decile=2, foils=3, held_out=3)
    frame = Frame(passages.documents, passages.groups, reserve(passages.keys, wish))
    order = rng.permutation(len(passages))
    fires, silent = order[:firing], order[firing:].tolist()
    peaks = rng.gamma(2.0, size=len(fires)).astype(np.float32)
    looks = Looks(fires.astype(np.int64), peaks, silent[::2], silent[1::2])
    chosen = choose(7, looks, edges_of(peaks), frame, wish)
    assert chosen == choose(7, looks, edges_of(peaks), frame, wish)
    shown = [one for one in chosen if not one.kind.startswith("held-out")]
    for side, reserved in ((shown, False), ([one for one in chosen if one not in shown], True)):
        owners = [int(frame.documents[one.passage]) for one in side]
        assert max(Counter(owners).values(), default=0) <= 1
        assert max(Counter(int(frame.groups[one.passage]) for one in side).values(), default=0) <= 1
        assert all(bool(frame.reserved[owner]) == reserved for owner in owners)
    assert len({(one.kind, one.rank, one.decile) for one in chosen}) == len(chosen)
    assert {one.kind for one in chosen} <= set(KINDS)
    assert all((one.peak > 0) == (one.decile is not None) for one in chosen)
    top = [one.peak for one in chosen if one.kind == TOP]
    assert top == sorted(top, reverse=True)
    assert all(count <= 2 for count in Counter(one.decile for one in chosen if one.kind == DECILE).values())


def test_bars_that_are_rounded_to_nothing_keep_their_firings() -> None:
    edges = histogram_edges(0.001, 0.002)
    assert sum(spread_bars([0.0, 0.0, 0.001, 0.001, 0.002], [5, 4, 3, 2, 1], edges)) == 15
    assert sum(spread_bars([0.001], [7], edges)) == 7
    assert min(spread_bars([0.0, 0.0], [5, 4], edges)) == 0


def test_a_histograms_bars_keep_their_sum_in_other_bins() -> None:
    middles, heights = [0.2 + 0.4 * bar for bar in range(50)], [max(0, 40 - bar) for bar in range(50)]
    poured = spread_bars(middles, heights, histogram_edges(0.2, 19.8))
    assert sum(poured) == sum(heights)
    assert min(poured) >= 0
