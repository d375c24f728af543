"""The released table of what the study's researcher said of concepts after raters typed them."""

from annotation.export.columns import Table
from annotation.export.shared_columns import SIMULATED, integer, moment, text

NO_CODE = "The fact is about two concepts."
STANDS = "It stands."
CONCEPT_FACTS = Table(
    name="concept_facts",
    rows="one thing that the researcher said of a concept: merged, narrower, coded; also if it was taken back",
    key=("fact",),
    columns=(
        integer("fact", "ConceptFact", "Number of the fact, in the order in which they were stated."),
        text("kind", "ConceptFact.kind", "merged-into, narrower-than or coded-as."),
        text("concept", "Concept.name", "The one that goes, the narrower one, or the coded one."),
        text("other", "Concept.name", "The one that stays, or the broader one.", "The fact is about a code."),
        text("code_system", "ConceptFact.system", "icd-10-cm or hpo.", NO_CODE),
        text("code", "ConceptFact.code", "The code.", NO_CODE),
        text("term", "ConceptFact.term", "The code's own name, unchanged.", NO_CODE),
        text("code_release", "ConceptFact.release", "Release of the code system that has it so.", NO_CODE),
        text("reason", "ConceptFact.reason", "Why, in the researcher's words.", "A code needs none."),
        text("stated_by", "Membership.pseudonym", "Stands for the person.", "She has left the study's researchers."),
        moment("stated_at", "ConceptFact.stated_at", "When it was stated, UTC."),
        moment("taken_back_at", "ConceptFact.stated_at", "When it was taken back, UTC.", STANDS),
        text("taken_back_reason", "ConceptFact.reason", "Why it was taken back.", STANDS),
        SIMULATED,
    ),
)
HIERARCHY = Table(
    name="hierarchy",
    rows="one concept right below another, as agreement with near misses takes them",
    key=("concept", "broader"),
    columns=(
        text("concept", "ConceptFact", "The narrower one: a concept's name after merges, or a code's heading."),
        text("broader", "ConceptFact.above", "The one right above it, by a stated fact or by the code system."),
        SIMULATED,
    ),
)
