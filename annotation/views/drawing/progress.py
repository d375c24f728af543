"""How far a long job is, in numbers and in words."""

import math
from dataclasses import dataclass

from annotation.views.drawing.figures import count, duration


@dataclass(frozen=True, kw_only=True)
class ProgressBar:
    """What `components/progress.html` draws."""

    done: int
    total: int
    percent: int
    """0 to 100, never 100 before the end."""
    known: bool
    """Whether the total is known; a bar without one moves without a figure."""
    amount: str
    """`1,200 of 40,000 tokens`"""
    rate: str
    """`850 tokens/s`, or empty"""
    left: str
    """`about 46 s left`, or empty"""


class BadProgress(ValueError):
    """More done than there is to do, or less than nothing."""


def progress_bar(
    done: int, total: int, rate: float | None = None, unit: str = "tokens", seconds_left: float | None = None
) -> ProgressBar:
    """Describe `done` of `total` `unit`s at `rate` units a second; `total` 0 means that it is not known yet.

    `seconds_left` is the job's own estimate, which outweighs what the rate says.
    """
    if done < 0 or total < 0 or (total and done > total):
        raise BadProgress(f"A job cannot have done {done} of {total} {unit}.")
    moving = rate is not None and math.isfinite(rate) and rate > 0
    told = seconds_left is not None and math.isfinite(seconds_left)
    seconds = seconds_left if told and seconds_left else (total - done) / rate if moving and rate and total else 0.0
    return ProgressBar(
        done=done,
        total=total,
        percent=math.floor(100 * done / total) if total else 0,
        known=total > 0,
        amount=f"{count(done)} of {count(total)} {unit}" if total else f"{count(done)} {unit}" if done else "",
        rate=f"{count(rate)} {unit}/s" if moving and rate else "",
        left=f"about {duration(_coarse(seconds))} left" if seconds >= 1 else "",
    )


def _coarse(seconds: float) -> float:
    """Round the way a person would: to 5 s below two minutes, to the minute above, to 5 min from an hour."""
    step = 1 if seconds < 10 else 5 if seconds < 120 else 60 if seconds < 3_600 else 300
    return round(seconds / step) * step
