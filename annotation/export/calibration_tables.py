"""The released tables of calibration and of blinded readings: references, readings, single judgements."""

from annotation.export.columns import Table
from annotation.export.shared_columns import LATENT, SIMULATED, integer, moment, number, text, yes_no

REFERENCES = Table(
    name="references",
    rows="one answer that one senior physician gave a share on a calibration latent; the reference is the panel's mean",
    key=("latent", "item", "set_by", "revision", "answer"),
    columns=(
        *LATENT,
        integer("calibration_set", "SampledLatent.calibration_set", "Number of the calibration set."),
        text("item", "Reference.item", "The rubric item, or `<item>-<flag>` for one flag of a set."),
        text("set_by", "Membership.pseudonym", "Stands for the member of the panel."),
        text("answer", "Reference.distribution", "The answer; `not clinical` for a latent that is not."),
        number("share", "Reference.distribution", "Share of opinion, 0 to 1; those of one item and person add to 1."),
        text("rationale", "Reference.rationale", "Why, as raters read it after their answer.", "None was given."),
        text("clause", "Reference.clause", "The clause of the rubric that decides it.", "None was named."),
        moment("set_at", "Reference.set_at", "When it was set, UTC."),
        integer(
            "revision", "Reference.revision", "1 as first set, 2 and up for corrections of one person's reference."
        ),
        text("reason", "Reference.reason", "What was mistaken before.", "It is not a correction."),
        yes_no(
            "used",
            "ResultRun.parameters",
            "True if the results of this release compared answers with it: of a person's revisions the newest at the "
            "time; false where nobody had answered the latent.",
        ),
        SIMULATED,
    ),
)
READ_RATING = (
    *LATENT,
    text("rater", "Membership.pseudonym", "Stands for the rater whose concept and rationale were read."),
    integer("round", "Round.number", "Number of the round in which that rating was given."),
    text("round_kind", "Round.kind", "Its kind: a retest has the number of the round it repeats."),
    integer("revision", "Rating.revision", "Revision of the rating that was read."),
    text("reader", "Membership.pseudonym", "Stands for the reader, who neither rated the latent nor may."),
)
READINGS = Table(
    name="readings",
    rows="one blinded reading: given a concept and its rationale alone, which held-out snippets should fire?",
    key=("latent", "round", "round_kind", "rater", "revision", "reader"),
    columns=(
        *READ_RATING,
        text("institution", "Institution.code", "Code of the reader's institution."),
        integer("firing", "Reading.judgements", "Snippets shown on which the latent fires."),
        integer("firing_found", "Reading.judgements", "… of which the reader said so."),
        integer("silent", "Reading.judgements", "Snippets shown on which it stays silent."),
        integer("silent_found", "Reading.judgements", "… of which the reader said so."),
        number(
            "balanced_accuracy",
            "Reading.balanced_accuracy",
            "Mean of the two shares found; always the same answer gives 0.5. Its mean a rating is its learnability.",
        ),
        number("active_seconds", "Reading.active_seconds", "Seconds of activity on the page.", "Not measured."),
        moment("submitted_at", "Reading.submitted_at", "When it was submitted, UTC."),
        SIMULATED,
    ),
)
JUDGEMENTS = Table(
    name="judgements",
    rows="one snippet of one blinded reading",
    key=("latent", "round", "round_kind", "rater", "revision", "reader", "place"),
    columns=(
        *READ_RATING,
        integer("place", "ReadingSlot.snippets", "Place of the snippet on the reader's page, from 1."),
        text("arm", "ReadingSlot.snippets", "held-out, held-out-random or held-out-hard."),
        integer("decile", "ReadingSlot.snippets", "Decile of its peak activation, 0 lowest.", "It does not fire."),
        yes_no("fires", "ReadingSlot.snippets", "Whether the latent fires on it."),
        yes_no("said_fires", "Reading.judgements", "Whether the reader said that it should."),
        SIMULATED,
    ),
)
NO_RATER = "It is about the latent alone: whoever looks for the snippet that does not belong is given no label."
SCORES = Table(
    name="scores",
    rows="what one version of one program made of one rationale, or of one latent, at one task",
    key=("latent", "round", "round_kind", "rater", "revision", "scorer", "version", "task"),
    columns=(
        *LATENT,
        text(
            "rater", "Membership.pseudonym", "Stands for the rater whose concept and rationale were judged.", NO_RATER
        ),
        integer("round", "Round.number", "Number of the round in which that rating was given.", NO_RATER),
        text("round_kind", "Round.kind", "Its kind.", NO_RATER),
        integer("revision", "Rating.revision", "Revision of the rating that was judged.", NO_RATER),
        text("scorer", "RationaleScore.scorer", "The program."),
        text("version", "RationaleScore.version", "Its version, with the beginning of its model's digest."),
        text("model", "RationaleScore.model", "What judged: name and digest of its weights.", "Nothing was asked."),
        text(
            "task",
            "RationaleScore.task",
            "detection (which snippets fire), fuzzing (are the marked words right) or intruder (the odd one out).",
        ),
        number(
            "value",
            "RationaleScore.value",
            "Balanced accuracy; of intruder the share of sets in which it was found.",
            "Undefined: see undefined_reason.",
        ),
        number("auroc", "RationaleScore.auroc", "Of its numbers in these trials.", "It gave none, or no value."),
        text("undefined_reason", "RationaleScore.undefined_reason", "Why there is no value.", "There is one."),
        yes_no(
            "used",
            "Study.scorers",
            "True if the results of this release took it: detection by a program in use, in its current version.",
        ),
        moment("scored_at", "RationaleScore.scored_at", "When it was scored, UTC."),
        SIMULATED,
    ),
)
