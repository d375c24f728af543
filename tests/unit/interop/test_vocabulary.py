"""Our reading of a tokenizer.json against the library that the language models use."""

from pathlib import Path

import pytest

from annotation.interop.token_text import text_of
from annotation.interop.vocabulary import read_vocabulary

MODELS = Path(__file__).resolve().parents[3] / "var" / "models"
NOTE = "58M, café-au-lait spots; T 38.4 °C – “worse” at night.\n\nPlan: β-blocker, 日本 😀.\tEnd"


def test_byte_level_tokens_decode_as_the_library_decodes_them() -> None:
    path = MODELS / "smollm2-135m-instruct" / "tokenizer.json"
    if not path.exists():
        pytest.skip("The reference language model is not there.")
    tokenizers = pytest.importorskip("tokenizers")
    reference, ours = tokenizers.Tokenizer.from_file(str(path)), read_vocabulary(path)
    encoded = reference.encode(NOTE, add_special_tokens=False)
    text, ends = text_of([ours.pieces[token] for token in encoded.ids])
    assert text == NOTE
    assert ends[-1] == len(NOTE)
    assert len(ours) == reference.get_vocab_size()
    assert 0 in ours.special
    whole = [(a, b) for (a, b), end in zip(encoded.offsets, ends, strict=True) if b == end]
    assert len(whole) > len(ends) - 6, "only parts of a character may end elsewhere"
