"""What a figure of agreement says, in a sentence for a physician. The bands describe; nothing is gated on them."""

from annotation.enums import LatentState
from annotation.models import Agreement
from annotation.views.drawing.figures import decimal, percent

NAMES = {"alpha": "Krippendorff’s α", "ac1": "Gwet’s AC1", "ac2": "Gwet’s AC2", "raw": "Raw agreement"}
BANDS = (
    (0.0, "no better than chance"),
    (0.2, "slight"),
    (0.4, "fair, as usual where clinicians judge (0.2 to 0.4 in published studies)"),
    (0.667, "moderate, above what published studies of clinicians report"),
    (0.8, "good, enough for tentative conclusions by Krippendorff’s own rule"),
    (1.01, "very good"),
)
"""Upper bound of each band of chance-corrected agreement, and its word (Krippendorff 2019; Sylolypavan 2023)."""
GWET = (
    "Chance corrected in Gwet’s way: steadier than α where one answer is common, and usually higher. Read it beside α, "
    "not instead."
)
PREVALENCE_GAP = 0.3
"""From here on raw agreement and alpha differ so much that one answer must dominate."""


def short(state: LatentState) -> str:
    """The state in the words that a table has room for: its label up to a colon."""
    return state.label.partition(":")[0]


def name_of(coefficient: str) -> str:
    return NAMES.get(coefficient, coefficient)


def in_words(row: Agreement) -> str:
    """One row of the table, read out."""
    if row.value is None:
        return f"Undefined: {row.undefined_reason}"
    if row.coefficient == "raw":
        return f"Two raters of a latent give the same answer in {percent(row.value)} of pairs, chance included."
    if row.coefficient in ("ac1", "ac2"):
        return f"{GWET}{_uncertainty(row)}"
    band = next(word for bound, word in BANDS if row.value <= bound)
    return f"Agreement beyond chance is {band}.{_uncertainty(row)}"


def _uncertainty(row: Agreement) -> str:
    if row.low is None or row.high is None:
        return f" How sure that is cannot be said: {row.interval_reason}" if row.interval_reason else ""
    if row.value is not None and row.low <= 0 < row.value:
        return " The interval reaches down to chance: more latents or raters are needed to tell."
    if row.high - row.low > 0.3:
        return f" With {row.units} latents the ratings fit anything from {decimal(row.low)} to {decimal(row.high)}."
    return ""


def prevalence_note(rows: dict[str, Agreement]) -> str:
    """Why alpha may be low although raters nearly always agree; empty where that is not so."""
    alpha, raw = rows.get("alpha"), rows.get("raw")
    if alpha is None or raw is None or alpha.value is None or raw.value is None:
        return ""
    if raw.value < 0.7 or raw.value - alpha.value < PREVALENCE_GAP:
        return ""
    return (
        "Raters nearly always agree, and still α is low: one answer is so common that chance alone explains most of "
        "it. Gwet’s coefficient suffers less from that; read the two together."
    )
