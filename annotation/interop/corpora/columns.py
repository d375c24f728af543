"""Which column is which: proposed by the columns' names, shown before anything is read, said by whoever imports."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from annotation.interop.unreadable import Unreadable


class Field(StrEnum):
    """What a document consists of here."""

    KEY = "id"
    TEXT = "text"
    SPECIALTY = "specialty"
    NOTE_TYPE = "note_type"
    PATIENT = "patient"
    SECTION = "section"


MEANINGS = {
    Field.KEY: "names the document; each has its own",
    Field.TEXT: "the text of the note",
    Field.SPECIALTY: "the sample of latents is spread over specialties",
    Field.NOTE_TYPE: "such as discharge summary",
    Field.PATIENT: "a pseudonym: documents that share one count as one witness",
    Field.SECTION: "where a row is one section: rows of one id that follow each other become one document",
}
ROW_NUMBER = "#row"
"""In place of a column for the id: documents are named by file and row."""
Columns = Mapping[Field, str]

NAMES: Mapping[Field, tuple[str, ...]] = {
    Field.KEY: (
        *("id", "document_id", "doc_id", "note_id", "report_id", "record_id", "row_id", "key", "uid", "uuid"),
        *("file_name", "accession_number", "hadm_id"),
    ),
    Field.TEXT: (
        *("text", "note_text", "note", "report_text", "report", "content", "body", "transcription", "document"),
        *("full_text", "clinical_note", "document_text"),
    ),
    Field.SPECIALTY: ("specialty", "speciality", "medical_specialty", "department", "service", "discipline", "folder"),
    Field.NOTE_TYPE: ("note_type", "document_type", "report_type", "doc_type", "type", "category", "kind"),
    Field.PATIENT: ("patient", "patient_id", "subject_id", "subject", "person_id", "patient_pseudonym", "pseudonym"),
    Field.SECTION: ("section", "section_name", "section_header", "section_title"),
}
"""Names that a column of each field commonly has, likeliest first; letters alone count."""


def propose(columns: Iterable[str]) -> dict[Field, str]:
    """For each field the column whose name is likeliest to mean it; a field without one is left out."""
    plain: dict[str, str] = {}
    for column in columns:
        plain.setdefault(_plain(column), column)
    found: dict[Field, str] = {}
    for field, names in NAMES.items():
        likely = next((plain[_plain(name)] for name in names if _plain(name) in plain), None)
        if likely is not None and likely not in found.values():
            found[field] = likely
    return found


def check_columns(chosen: Columns, columns: Iterable[str]) -> None:
    """Raises Unreadable where text or id are missing, a column is none, or one is to be two things."""
    known = list(columns)
    listed = ", ".join(f"“{column}”" for column in known[:40])
    for field, what in ((Field.TEXT, "the text"), (Field.KEY, "the id")):
        if not chosen.get(field):
            number = f" With --column {Field.KEY}={ROW_NUMBER} documents are named by their rows." * (
                field == Field.KEY
            )
            raise Unreadable(f"No column is named for {what}. There are {listed}: say --column {field}=NAME.{number}")
    for field, column in chosen.items():
        if column not in known and not (field == Field.KEY and column == ROW_NUMBER):
            raise Unreadable(f"There is no column “{column}” for {field}. There are {listed}.")
    if len(set(chosen.values())) < len(chosen):
        raise Unreadable("One column is named for two things. Name each once.")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
