"""The released table that holds text of notes: written only where the study says so and the corpus permits it."""

from annotation.export.columns import Table
from annotation.export.shared_columns import LATENT, SIMULATED, integer, number, text, yes_no

NOT_SAID = "The corpus does not say."
SNIPPETS = Table(
    name="snippets",
    rows="one snippet of a latent of the study, with its text; only if the study says so and the corpus permits it",
    key=("snippet",),
    columns=(
        *LATENT,
        integer("snippet", "Snippet.id", "Number of the snippet."),
        text(
            "kind",
            "Snippet.kind",
            "top, decile, foil-random or foil-hard, which raters saw; held-out, held-out-random or held-out-hard, "
            "which readers judged.",
        ),
        integer("rank", "Snippet.rank", "Place among those of its latent and kind, 0 first, as `evidence` names it."),
        integer("decile", "Snippet.decile", "Decile of its peak activation, 0 lowest.", "It does not fire."),
        yes_no(
            "mention",
            "Snippet.mention",
            "True for a look-alike chosen because it negates a word of the latent, or says it of a relative.",
        ),
        text(
            "document",
            "Document.id",
            "Stands for the document: the same in all releases of the study, and its name in no other place.",
        ),
        integer("start", "Snippet.start", "First character of the snippet in the document, from 0."),
        integer("end", "Snippet.end", "Character after its last."),
        text("text", "Document.text", "The snippet's characters, unchanged."),
        number("peak", "Snippet.peak", "Strongest activation in it."),
        text(
            "tokens",
            "Snippet.tokens",
            "Tokens on which the latent fires, as JSON: characters [start, end) of `text`, and activation.",
        ),
        text("section", "Snippet.section", "Header of the section in which it begins, as written.", "It has none."),
        text("specialty", "Document.specialty", "Specialty of the note.", NOT_SAID),
        text("note_type", "Document.note_type", "Kind of note.", NOT_SAID),
        SIMULATED,
    ),
)
