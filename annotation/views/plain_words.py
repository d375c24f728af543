"""What a figure of agreement says, in sentences for a physician. The bands describe; nothing is gated on them."""

from collections.abc import Mapping
from dataclasses import dataclass

from annotation.enums import LatentState
from annotation.models import Agreement
from annotation.rules.scopes import RETEST
from annotation.views.drawing.figures import decimal, percent

NAMES = {"alpha": "Krippendorff’s α", "ac1": "Gwet’s AC1", "ac2": "Gwet’s AC2", "raw": "Raw agreement"}
LEVELS = {"sets": "sets of flags", "hierarchy": "near misses count in part"}
"""What a level is called where its own name says little."""


@dataclass(frozen=True)
class Band:
    upper: float
    word: str
    meaning: str


BANDS = (
    Band(0.0, "none", "raters agree no more than chance would have it"),
    Band(0.2, "slight", "raters agree little more than chance would have it"),
    Band(
        0.4,
        "fair",
        "raters agree more than chance would have it, about as in published studies of clinicians (0.2 to 0.4)",
    ),
    Band(0.667, "moderate", "raters agree more than published studies of clinicians report (0.2 to 0.4)"),
    Band(0.8, "good", "raters agree enough for tentative conclusions by Krippendorff’s own rule (0.667)"),
    Band(1.0, "very good", "raters agree nearly always (above 0.8)"),
)
"""Krippendorff 2019; Sylolypavan 2023. The studies' range is a yardstick: clinicians rarely reach 0.8."""
GWET = (
    "Chance corrected in Gwet’s way: steadier than α where one answer is common, and usually higher. Read it beside α, "
    "not instead."
)
AGAIN = (
    "Beyond chance raters repeat themselves at {}: 1 is always, 0 is chance. Memory helps, so that judgement is at "
    "most as steady as this."
)
PREVALENCE_GAP = 0.3
"""From here on raw agreement and alpha differ so much that one answer must dominate."""


def short(state: LatentState) -> str:
    """The state in the words that a table has room for: its label up to a colon."""
    return state.label.partition(":")[0]


def name_of(coefficient: str) -> str:
    return NAMES.get(coefficient, coefficient)


def level_of(level: str) -> str:
    return LEVELS.get(level, level)


def band_of(value: float) -> Band:
    return next((band for band in BANDS if value <= band.upper), BANDS[-1])


def in_words(row: Agreement) -> str:
    """One row of the table, read out."""
    if row.value is None:
        return f"Undefined: {row.undefined_reason}"
    if row.scope == RETEST and row.coefficient != "raw":
        return AGAIN.format(decimal(row.value))
    if row.scope == RETEST:
        return f"The second reading gives the same answer in {percent(row.value)} of pairs, chance included."
    if row.coefficient == "raw":
        return f"Two raters of a latent give the same answer in {percent(row.value)} of pairs, chance included."
    if row.coefficient in ("ac1", "ac2"):
        return f"{GWET}{_uncertainty(row)}"
    band = band_of(row.value)
    name = "Agreement is no better than chance" if band is BANDS[0] else f"Agreement is {band.word}"
    return f"{name}: {band.meaning}.{_uncertainty(row)}"


def _uncertainty(row: Agreement) -> str:
    """What the interval allows."""
    if row.value is None:
        return ""
    if row.low is None or row.high is None:
        return f" How sure that is cannot be said: {row.interval_reason}" if row.interval_reason else ""
    if row.low <= 0 < row.value:
        return (
            f" The interval reaches down to chance, and up to {decimal(row.high)}: more latents or raters are needed "
            "to tell."
        )
    low, high = band_of(row.low), band_of(row.high)
    if low is high:
        return f" The whole interval says so, with {_latents(row.units)}."
    return (
        f" With {_latents(row.units)} anything from {low.word} ({decimal(row.low)}) to {high.word} "
        f"({decimal(row.high)}) would fit."
    )


def _latents(count: int) -> str:
    return f"{count:,} latent{'' if count == 1 else 's'}"


def prevalence_note(rows: Mapping[str, Agreement]) -> str:
    """Why alpha may be low although raters nearly always agree; empty where that is not so. By coefficient."""
    alpha, raw = rows.get("alpha"), rows.get("raw")
    if alpha is None or raw is None or alpha.value is None or raw.value is None:
        return ""
    if raw.value < 0.7 or raw.value - alpha.value < PREVALENCE_GAP:
        return ""
    return (
        "Raters nearly always agree, and still α is low: one answer is so common that chance alone explains most of "
        "it. Gwet’s coefficient suffers less from that; read the two together."
    )
