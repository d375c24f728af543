"""The letters of the rating page that no rubric item may take."""

from annotation.enums import Fit

FIT_KEYS = {Fit.FITS: "f", Fit.DOES_NOT_FIT: "d", Fit.UNSURE: "u"}
"""On the snippet that has the focus."""
NEXT_SNIPPET, LAST_SNIPPET = "j", "k"
SNIPPET_KEYS = {"context": "w", "person": "p"}
SHEET_KEYS = {"second": "m", "decline": "x", "last_ten": "y", "pause": "q"}

SHEET_LETTERS = frozenset(
    {*FIT_KEYS.values(), NEXT_SNIPPET, LAST_SNIPPET, *SNIPPET_KEYS.values(), *SHEET_KEYS.values()}
)
