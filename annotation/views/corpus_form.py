"""The form in which a researcher says which column is which, what the corpus is called, and how it is to be read."""

from typing import Any

from django.http import QueryDict

from annotation.actions.importing_text import Wish
from annotation.interop.corpora.columns import MEANINGS, ROW_NUMBER, Field
from annotation.interop.corpora.encodings import TITLES
from annotation.models import CorpusImport

LABELS = {
    Field.KEY: "Id",
    Field.TEXT: "Text",
    Field.SPECIALTY: "Specialty",
    Field.NOTE_TYPE: "Note type",
    Field.PATIENT: "Patient",
    Field.SECTION: "Section",
}
LEGACY_OPTIONS = [
    {"value": "", "label": "Refuse them", "help": "The sentence says what they read as, and why."},
    {"value": "windows-1252", "label": f"They are {TITLES['windows-1252']}"},
    {"value": "iso-8859-1", "label": f"They are {TITLES['iso-8859-1']}"},
]


def wish_of(form: QueryDict) -> Wish:
    return Wish(
        name=form.get("name", ""),
        source=form.get("source", ""),
        mapping={field: column for field in Field if (column := form.get(f"column-{field}", ""))},
        legacy=form.get("legacy", ""),
        hide_patients="hide_patients" in form,
    )


def initial_wish(wished: CorpusImport) -> dict[str, Any]:
    return {"name": wished.name, "source": wished.source, "legacy": wished.legacy}


def columns_shown(wished: CorpusImport) -> list[dict[str, Any]]:
    """Each field with its meaning and the column that is proposed or was taken for it."""
    return [
        {
            "field": field,
            "label": LABELS[field],
            "meaning": MEANINGS[field],
            "required": field in (Field.KEY, Field.TEXT),
            "column": _shown(wished.mapping.get(field, "")),
            "value": wished.mapping.get(field, ""),
        }
        for field in Field
    ]


def _shown(column: str) -> str:
    return "the row's number" if column == ROW_NUMBER else column
