"""Documents become windows with exact character offsets, and padding changes no activation."""

from itertools import pairwise

import torch

from saeserve.fit import Fit
from saeserve.hooks import capture
from saeserve.windows import batches, cut

AWKWARD = "Naïve 😀😀 fever\n\n of 39 °C 👩‍⚕️ <|endoftext|> 心電図 end"


def test_every_character_of_a_word_is_covered_by_its_tokens(fit: Fit) -> None:
    windows = list(cut([AWKWARD], fit.model.tokenizer, context_tokens=1000))
    covered = {place for w in windows for s, e in zip(w.starts, w.ends, strict=True) for place in range(s, e)}
    assert {place for place, character in enumerate(AWKWARD) if not character.isspace()} <= covered


def test_spans_are_in_order_and_either_apart_or_equal(fit: Fit) -> None:
    (window,) = cut([AWKWARD], fit.model.tokenizer, context_tokens=1000)
    spans = list(zip(window.starts.tolist(), window.ends.tolist(), strict=True))
    assert all(start < end for start, end in spans)
    assert all(one == other or one[1] <= other[0] for one, other in pairwise(spans))


def test_a_token_starts_at_its_first_letter(fit: Fit) -> None:
    text = "The patient denies chest pain"
    (window,) = cut([text], fit.model.tokenizer, context_tokens=1000)
    assert not any(text[start].isspace() for start in window.starts)


def test_text_is_never_read_as_a_special_token(fit: Fit) -> None:
    (window,) = cut(["before <|endoftext|> after"], fit.model.tokenizer, context_tokens=1000)
    assert fit.model.front_token not in window.ids


def test_long_documents_are_cut_and_never_joined(fit: Fit) -> None:
    texts = ["pain " * 100, "fever"]
    windows = list(cut(texts, fit.model.tokenizer, context_tokens=30))
    whole = fit.model.tokenizer(texts[0], add_special_tokens=False)["input_ids"]
    assert [i for w in windows if w.document == 0 for i in w.ids.tolist()] == whole
    assert all(len(window) <= 30 for window in windows)
    assert [window.document for window in windows][-1] == 1


def test_padding_changes_no_activation(fit: Fit) -> None:
    texts = ["The patient denies chest pain at rest.", "Fever", "She has a history of migraine since Monday, it says."]
    windows = list(cut(texts, fit.model.tokenizer, context_tokens=60))
    (together,) = batches(windows, front_token=fit.model.front_token, device=torch.device("cpu"))
    caught = capture(fit.model.network, fit.path, together.ids, together.mask)
    for row, window in enumerate(together.windows):
        (alone,) = batches([window], front_token=fit.model.front_token, device=torch.device("cpu"))
        assert alone.mask is None
        single = capture(fit.model.network, fit.path, alone.ids, None)
        torch.testing.assert_close(caught[row, : 1 + len(window)], single[0], rtol=1e-4, atol=1e-5)


def test_the_front_token_is_in_front_of_every_window(fit: Fit) -> None:
    windows = list(cut(["pain " * 50, "fever"], fit.model.tokenizer, context_tokens=10))
    for batch in batches(windows, front_token=fit.model.front_token, device=torch.device("cpu")):
        assert (batch.ids[:, 0] == fit.model.tokenizer.convert_tokens_to_ids("<|endoftext|>")).all()
