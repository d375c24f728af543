"""The fields of a feature that SAEDashboard's files and Neuronpedia's write under the same names."""

from typing import Any

from annotation.interop.record import Record, clean
from annotation.interop.token_text import text_of_strings
from annotation.interop.unreadable import Unreadable

BARS, LOGITS, NEIGHBOURS = 1_000, 200, 1_000
SHOWN = 10
"""Output tokens kept each way."""


def feature_fields(record: Record) -> dict[str, Any]:
    """Fields of Feature but its index."""
    share = record.number("frac_nonzero", default=0.0)
    if not 0 <= share <= 1:
        raise record.wrong("frac_nonzero", "a share between 0 and 1")
    heights, values = _pair(record, "freq_hist_data_bar_heights", "freq_hist_data_bar_values")
    if any(height < 0 for height in heights):
        raise record.wrong("freq_hist_data_bar_heights", "a list of counts from 0")
    if values != sorted(values):
        raise record.wrong("freq_hist_data_bar_values", "a list of rising numbers")
    # Weak bars may be rounded to 0: they are firings all the same.
    bars = [(value, height) for value, height in zip(values, heights, strict=True) if value >= 0 and height > 0]
    return {
        "share": share,
        "bar_values": tuple(value for value, _ in bars),
        "bar_heights": tuple(height for _, height in bars),
        "raised": _logits(record, "pos_str", "pos_values"),
        "lowered": _logits(record, "neg_str", "neg_values"),
    }


def _pair(record: Record, one: str, other: str) -> tuple[list[float], list[float]]:
    first, second = record.numbers(one, limit=BARS), record.numbers(other, limit=BARS)
    if len(first) != len(second):
        raise Unreadable(f"{record.place}: {one} and {other} differ in length.")
    return first, second


def _logits(record: Record, names: str, values: str) -> tuple[tuple[str, float], ...]:
    tokens, logits = record.texts(names, limit=LOGITS), record.numbers(values, limit=LOGITS)
    if len(tokens) != len(logits):
        raise Unreadable(f"{record.place}: {names} and {values} differ in length.")
    return tuple((shown(token), logit) for token, logit in zip(tokens, logits, strict=True))[:SHOWN]


def shown(token: str) -> str:
    """A token by itself; a part of a character stays as the vocabulary spells it."""
    text = text_of_strings([token])[0] or clean(token)
    return clean(token) if "\ufffd" in text else text
