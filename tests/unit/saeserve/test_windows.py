"""Documents become windows with exact character offsets; every token is counted once; padding changes nothing."""

import dataclasses
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from saeserve.hook_points import HookPoint
from saeserve.hooks import capture
from saeserve.language_model import LanguageModel
from saeserve.spans import clean_spans
from saeserve.tokens import UnreadableText, tokens_of
from saeserve.windows import BadWindows, Window, batches, cut
from tests.unit.saeserve.tokenizers_of_families import KINDS

AWKWARD = "Naïve 😀😀 fever\n\n of ½ 39 °C 👩‍⚕️ <|endoftext|> e\u0301\u0323 \x00\x07 心電図 ﬁ end "
SPECIAL = "before <|endoftext|> <bos> <s> </s> [CLS] [SEP] [PAD] [MASK] <start_of_turn> after"
POINT = HookPoint("model.layers.2")
every_kind = pytest.mark.parametrize("kind", list(KINDS))


def whole(text: str, tokenizer: Any) -> Window | None:
    windows = list(cut([text], tokenizer, context_tokens=10_000, overlap_tokens=0))
    assert len(windows) <= 1
    return windows[0] if windows else None


def check_spans(text: str, spans: Iterator[tuple[int, int]]) -> None:
    """Inside the text, never empty, in order, and either apart or equal."""
    found = list(spans)
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(one == other or one[1] <= other[0] for one, other in pairwise(found))


@every_kind
@settings(max_examples=150, deadline=None)
@given(text=st.text(st.characters(codec="utf-8") | st.sampled_from("\n\r\t  \u0301\u200d\ufe0f😀👩⚕ﬁ½ İ"), max_size=40))
def test_spans_stay_inside_any_text(kind: str, text: str) -> None:
    window = whole(text, KINDS[kind]())
    if window is not None:
        check_spans(text, zip(window.starts.tolist(), window.ends.tolist(), strict=True))


@given(
    text=st.text(min_size=1, max_size=20),
    offsets=st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), min_size=1, max_size=12),
)
def test_spans_are_clean_whatever_a_tokenizer_says(text: str, offsets: list[tuple[int, int]]) -> None:
    starts, ends = clean_spans(text, np.array(offsets, dtype=np.int64))
    check_spans(text, zip(starts.tolist(), ends.tolist(), strict=True))


@pytest.mark.parametrize("kind", ["byte-level", "sentence-piece-bpe", "sentence-piece-unigram"])
def test_every_character_of_a_word_is_covered_by_its_tokens(kind: str) -> None:
    window = whole(AWKWARD, KINDS[kind]())
    assert window is not None
    spans = zip(window.starts, window.ends, strict=True)
    covered = {place for start, end in spans for place in range(start, end)}
    assert {place for place, character in enumerate(AWKWARD) if not character.isspace()} <= covered


def test_a_token_starts_at_its_first_letter(model: LanguageModel) -> None:
    text = "The patient denies chest pain"
    window = whole(text, model.tokenizer)
    assert window is not None
    assert not any(text[start].isspace() for start in window.starts)


@every_kind
def test_text_is_never_read_as_a_special_token(kind: str) -> None:
    tokenizer = KINDS[kind]()
    special = {row for row, token in tokenizer.added_tokens_decoder.items() if token.special}
    assert special
    window = whole(SPECIAL, tokenizer)
    assert window is not None
    assert not (special - {tokenizer.unk_token_id}) & set(window.ids.tolist())


def test_half_a_surrogate_pair_is_refused(model: LanguageModel) -> None:
    with pytest.raises(UnreadableText, match="Character 5 of the text"):
        tokens_of("pain \ud83d", model.tokenizer)


def test_long_documents_are_cut_and_never_joined(model: LanguageModel) -> None:
    texts = ["pain " * 100, "fever"]
    windows = list(cut(texts, model.tokenizer, context_tokens=30, overlap_tokens=0))
    tokens = model.tokenizer(texts[0], add_special_tokens=False)["input_ids"]
    assert [i for w in windows if w.document == 0 for i in w.ids.tolist()] == tokens
    assert all(len(window) <= 30 for window in windows)
    assert [window.document for window in windows][-1] == 1


@given(
    words=st.integers(0, 90),
    context=st.integers(1, 40),
    overlap=st.integers(0, 39),
)
@settings(deadline=None)
def test_every_token_is_counted_once_behind_its_context(words: int, context: int, overlap: int) -> None:
    text, tokenizer = "pain 😀 " * words, KINDS["byte-level"]()
    overlap = min(overlap, context - 1)
    windows = list(cut([text], tokenizer, context_tokens=context, overlap_tokens=overlap))
    tokens = tokens_of(text, tokenizer)
    for name in ("ids", "starts", "ends"):
        parts = [getattr(window, name)[window.counted_from :] for window in windows]
        counted = np.concatenate([np.empty(0, np.int64), *parts])
        assert counted.tolist() == getattr(tokens, name).tolist()
    assert sum(window.counted for window in windows) == len(tokens.ids)
    assert all(window.counted > 0 for window in windows)
    for before, after in pairwise(windows):
        assert after.counted_from == overlap
        assert after.ids[:overlap].tolist() == before.ids[len(before) - overlap :].tolist()


@pytest.mark.parametrize("overlap", [-1, 30, 31])
def test_windows_that_never_advance_are_refused(model: LanguageModel, overlap: int) -> None:
    with pytest.raises(BadWindows, match="give an overlap from 0 to less than the window"):
        list(cut(["pain"], model.tokenizer, context_tokens=30, overlap_tokens=overlap))


def test_an_empty_text_has_no_window_and_one_token_makes_one(model: LanguageModel) -> None:
    windows = list(cut(["", "a"], model.tokenizer, context_tokens=30, overlap_tokens=5))
    assert [(window.document, len(window), window.counted_from) for window in windows] == [(1, 1, 0)]
    (batch,) = batches(windows, model=model)
    assert batch.ids.tolist() == [[*model.front, *windows[0].ids.tolist()]]
    (caught,) = capture(model.network, [POINT], batch.ids, batch.mask)
    assert batch.real(caught).shape == (1, model.width)


def test_a_long_text_is_cut_once(model: LanguageModel) -> None:
    """Work and memory in proportion to the text: 400,000 characters, tokenized once, and windows only look at them."""
    text = "Pain, fever.\n" * 30_769
    windows = list(cut([text], model.tokenizer, context_tokens=255, overlap_tokens=32))
    assert sum(window.counted for window in windows) == len(tokens_of(text, model.tokenizer).ids)
    assert len({id(window.ids.base) for window in windows}) == 1


def test_padding_changes_no_activation(model: LanguageModel) -> None:
    texts = ["The patient denies chest pain at rest.", "Fever", "She has a history of migraine since Monday, it says."]
    windows = list(cut(texts, model.tokenizer, context_tokens=60, overlap_tokens=0))
    (together,) = batches(windows, model=model)
    (caught,) = capture(model.network, [POINT], together.ids, together.mask)
    for row, window in enumerate(together.windows):
        (alone,) = batches([window], model=model)
        assert alone.mask is None
        (single,) = capture(model.network, [POINT], alone.ids, None)
        rounding = 1e-5 * float(single.abs().max())
        torch.testing.assert_close(caught[row, : 1 + len(window)], single[0], rtol=0, atol=rounding)


def test_a_batch_gives_back_the_counted_tokens_window_by_window(model: LanguageModel) -> None:
    texts = ["pain and fever " * 9, "fever", "since Monday " * 4]
    windows = list(cut(texts, model.tokenizer, context_tokens=16, overlap_tokens=6))
    (batch,) = batches(windows, model=model)
    caught = batch.ids[..., None].float()
    expected = [i for window in batch.windows for i in window.ids[window.counted_from :].tolist()]
    assert batch.real(caught)[:, 0].tolist() == expected
    everything = [i for window in batch.windows for i in window.ids.tolist()]
    assert caught[batch.is_real][:, 0].tolist() == everything


def test_special_tokens_stand_round_every_window(model: LanguageModel) -> None:
    encoder = dataclasses.replace(model, front=(7,), back=(9,))
    windows = list(cut(["pain " * 50, "fever"], model.tokenizer, context_tokens=10, overlap_tokens=2))
    for batch in batches(windows, model=encoder):
        for row, window in enumerate(batch.windows):
            length = int(batch.mask[row].sum()) if batch.mask is not None else batch.ids.shape[1]
            assert batch.ids[row, :length].tolist() == [7, *window.ids.tolist(), 9]
            assert batch.real(batch.ids[..., None]).shape[0] == sum(window.counted for window in batch.windows)


def test_batches_hold_every_window_once_and_are_not_overfull(model: LanguageModel) -> None:
    windows = list(cut(["pain " * 3000, *["fever"] * 50], model.tokenizer, context_tokens=100, overlap_tokens=0))
    made = list(batches(windows, model=model))
    assert sorted(id(window) for batch in made for window in batch.windows) == sorted(map(id, windows))
    assert all(batch.ids.numel() <= 2048 for batch in made)


def test_a_window_longer_than_the_model_reads_is_refused(model: LanguageModel) -> None:
    windows = list(cut(["pain " * 600], model.tokenizer, context_tokens=1000, overlap_tokens=0))
    with pytest.raises(BadWindows, match="reads at most 511 tokens at once"):
        next(batches(windows, model=model))
