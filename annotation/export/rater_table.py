"""The released table of raters: written only if the study says so, with the attributes that it names."""

from collections.abc import Mapping, Set

from annotation.export.columns import Column, Table
from annotation.export.shared_columns import SIMULATED, integer, number, text

NOT_SAID = "She has not said, or would rather not."
NOT_CALIBRATED = "The study has not asked her for calibration, or she has answered nothing of it."
ATTRIBUTES: Mapping[str, tuple[Column, ...]] = {
    "specialty": (
        text("specialty", "User.specialty", "Her field, as she said it herself, from a fixed list.", NOT_SAID),
    ),
    "seniority": (
        text(
            "seniority",
            "User.seniority",
            "How far she is, as she said it herself: student, before-training, in-training, specialist (for less than "
            "ten years), senior-specialist or other.",
            NOT_SAID,
        ),
    ),
    "calibration": (
        text(
            "calibration",
            "Membership.calibrated_at",
            "passed, let-through (her coordinator vouched for her) or not-passed.",
            NOT_CALIBRATED,
        ),
        number(
            "calibration_agreement",
            "Reference.distribution",
            "Mean over her first answers to calibration latents of the panel's share for her answer over its largest "
            "share, 0 to 1; “cannot tell” is 0.",
            NOT_CALIBRATED,
        ),
        integer("calibration_answers", "Reference.distribution", "How many answers that is the mean of."),
    ),
}


def rater_table(attributes: Set[str]) -> Table:
    """attributes: of ATTRIBUTES."""
    return Table(
        name="raters",
        rows="one annotator or adjudicator of the study",
        key=("pseudonym",),
        columns=(
            text("pseudonym", "Membership.pseudonym", "Stands for the person."),
            text("role", "Membership.role", "annotator or adjudicator."),
            text("institution", "Institution.code", "Code of the institution.", "An adjudicator may belong to none."),
            *(column for name, columns in ATTRIBUTES.items() if name in attributes for column in columns),
            integer("ratings", "Rating.rater", "Current ratings given."),
            integer("decisions", "Decision.adjudicator", "Cases decided."),
            SIMULATED,
        ),
    )
