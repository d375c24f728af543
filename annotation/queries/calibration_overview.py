"""What the study's calibration needs next: one sentence, and the wish that goes with it."""

from dataclasses import dataclass
from typing import Literal

from annotation.models import Study
from annotation.queries.calibration_sets import CalibrationSet, calibration_sets

Wish = Literal["", "draw", "references", "open"]


@dataclass(frozen=True, kw_only=True)
class CalibrationOverview:
    sets: tuple[CalibrationSet, ...]
    sentence: str
    wish: Wish = ""
    set: int = 0
    """The set to open."""

    @property
    def set_name(self) -> str:
        return str(self.set)


def calibration_overview(study: Study) -> CalibrationOverview:
    """Three statements at most."""
    if not study.sample.exists():
        return CalibrationOverview(
            sets=(), sentence="Draw the study's sample first: calibration latents are taken from those that it leaves."
        )
    sets = calibration_sets(study)
    if not sets:
        return CalibrationOverview(
            sets=(),
            sentence="No calibration: raters begin with the first round. Draw two sets to have them calibrated first.",
            wish="draw",
        )
    return _next(sets)


def _next(sets: tuple[CalibrationSet, ...]) -> CalibrationOverview:
    for one in sets:
        if one.round is None and one.complete:
            return CalibrationOverview(
                sets=sets,
                sentence=f"Every latent of set {one.number} has a reference. Open it: its references are then fixed.",
                wish="open",
                set=one.number,
            )
        if one.round is None:
            return CalibrationOverview(
                sets=sets,
                sentence=f"The panel has set references for {one.referenced} of the {len(one.latents)} latents of set "
                f"{one.number}. Adjudicators set them on their References page, or you do.",
                wish="references",
            )
    return CalibrationOverview(
        sets=sets, sentence="Both sets are open: whoever has not passed is asked for them before anything else."
    )
