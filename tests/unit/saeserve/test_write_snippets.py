"""Tokens of chosen snippets, written from flat arrays, against plain loops."""

import numpy as np

from saeserve.mining.merge_files import Block
from saeserve.mining.tally import Candidates
from saeserve.mining.write_snippets import SOURCES, _tokens

CHANCE = np.random.default_rng(8)


def candidates(rows: int) -> Candidates:
    """Rows of up to five tokens, some of which stand on the same characters."""
    counts = CHANCE.integers(1, 6, rows).astype(np.int32)
    total, whole = int(counts.sum()), np.arange(rows, dtype=np.int32)
    starts = CHANCE.integers(0, 3, total).astype(np.int32)
    return Candidates(
        latents=whole,
        snippets=whole,
        owners=whole,
        groups=whole,
        hashes=whole.astype(np.uint64),
        peaks=np.ones(rows, np.float32),
        token_counts=counts,
        token_starts=starts,
        token_ends=starts + CHANCE.integers(1, 3, total).astype(np.int32),
        token_values=CHANCE.random(total).astype(np.float32) + np.float32(0.1),
    )


def by_loops(part: Candidates, row: int) -> list[dict[str, float]]:
    spans: dict[tuple[int, int], float] = {}
    for at in range(part.token_firsts[row], part.token_firsts[row] + part.token_counts[row]):
        span = (int(part.token_starts[at]), int(part.token_ends[at]))
        spans[span] = max(spans.get(span, 0.0), float(part.token_values[at]))
    return [{"start": start, "end": end, "activation": value} for (start, end), value in sorted(spans.items())]


def test_tokens_stand_in_text_order_once_a_span_with_the_strongest_piece() -> None:
    block = Block(0, 40, candidates(40), candidates(30), candidates(20))
    sources = CHANCE.choice([*SOURCES, "pool"], 200)
    rows = CHANCE.integers(0, 20, 200)
    found = _tokens(block, sources, rows).to_pylist()
    expected = [
        [] if source == "pool" else by_loops(getattr(block, source), row)
        for source, row in zip(sources.tolist(), rows.tolist(), strict=True)
    ]
    assert found == expected
    assert any(len(entries) < getattr(block, source).token_counts[row]
               for entries, source, row in zip(found, sources, rows, strict=True) if source != "pool")  # fmt: skip


def test_foils_alone_have_no_tokens() -> None:
    block = Block(0, 4, candidates(4), candidates(4), candidates(4))
    assert _tokens(block, np.array(["pool"] * 3), np.zeros(3, np.int64)).to_pylist() == [[], [], []]
