"""The special tokens that stand round every window, and whether a tokenizer belongs to a model."""

from typing import Any

from saeserve.checkpoint import BadModel

FRONT_TOKEN = "<|endoftext|>"
PLACEHOLDERS = ("image_token", "boi_token", "eoi_token", "audio_token", "video_token")
"""Tokens that stand for a picture or a sound. Text never becomes one, and text-only models do not embed them."""


def around_window(tokenizer: Any, name: str, *, predicts_next: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(front, back) token ids. The front token is what the model was trained with: it takes the role of the attention
    sink, so that no real text has to.

    A network that predicts the next token gets one front token; others get all that their tokenizer puts round a text,
    e.g. [CLS] and [SEP]. A tokenizer that puts nothing in front gives `<|endoftext|>`, else its beginning- or
    end-of-text token.
    """
    front, back = _template(tokenizer)
    if predicts_next:
        front, back = front[:1], ()
    if front:
        return front, back
    vocabulary = tokenizer.get_vocab()
    for token in (FRONT_TOKEN, tokenizer.cls_token, tokenizer.bos_token, tokenizer.eos_token):
        if token in vocabulary:
            return (int(vocabulary[token]),), back
    raise BadModel(f"The tokenizer of {name} has no beginning- or end-of-text token to put before a window.")


def check_belongs(tokenizer: Any, embedded: int, source: str) -> None:
    """Raises BadModel where a token of the tokenizer has no row among the `embedded` ones of the model."""
    placeholders = {getattr(tokenizer, name, None) for name in PLACEHOLDERS}
    beyond = [token for token, row in tokenizer.get_vocab().items() if row >= embedded and token not in placeholders]
    if beyond:
        raise BadModel(
            f"The tokenizer in {source} has {len(beyond)} tokens, such as {beyond[0]!r}, beyond the {embedded} that "
            "the model embeds: they do not belong together."
        )


def _template(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the tokenizer itself puts before and after a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a", add_special_tokens=True)["input_ids"]
    for first in range(len(full) - len(bare) + 1):
        if full[first : first + len(bare)] == bare:
            return tuple(full[:first]), tuple(full[first + len(bare) :])
    return (), ()
