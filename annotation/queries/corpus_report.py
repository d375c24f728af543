"""What an import's documents look like, before they are a corpus: counted by the database, whatever their number."""

from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Length

from annotation.models import CorpusImport


def staged_figures(wished: CorpusImport) -> dict[str, Any]:
    """Counts of all that has been laid down. One statement."""
    found = wished.staged.aggregate(
        documents=Count("pk"),
        characters=Sum(Length("text")),
        longest=Max(Length("text")),
        texts=Count("content", distinct=True),
        wordings=Count("words", distinct=True),
        specialties=Count("specialty", distinct=True, filter=~Q(specialty="")),
        note_types=Count("note_type", distinct=True, filter=~Q(note_type="")),
        patients=Count("patient", distinct=True, filter=~Q(patient="")),
    )
    documents, texts, wordings = found["documents"], found.pop("texts"), found.pop("wordings")
    return {name: value or 0 for name, value in found.items()} | {
        "exact_duplicates": documents - texts,
        "near_duplicates": texts - wordings,
    }


def report_lines(wished: CorpusImport) -> list[str]:
    """The report in sentences, for pages and the command line. No text, and no word of one."""
    found = wished.report or {}
    lines = [
        f"{_many(found['documents'], 'document')} with {found['characters']:,} characters; the longest has "
        f"{found['longest']:,}. {_many(found['specialties'], 'specialty', 'specialties')}, "
        f"{_many(found['note_types'], 'note type')}, {_many(found['patients'], 'patient')}.",
        f"Duplicates: {found['exact_duplicates']:,} with the text of another, {found['near_duplicates']:,} that differ "
        "from another in numbers, case or punctuation alone.",
    ]
    lines += [
        f"Encoding: {one['name']} in {_many(one['files'], 'file')}, because {one['reason']}."
        for one in found["encodings"]
    ]
    lines += [
        f"Columns are separated by a {name} in {_many(files, 'file')}." for name, files in found["separators"].items()
    ]
    lines += [f"{number:,} FHIR resources of type {name} were passed over." for name, number in found["passed"].items()]
    lines += [
        f"Without a text to be read: {one['documents']:,}, the first of them {one['first']}"
        for one in found["left_out"]
    ]
    return lines


def _many(number: int, one: str, more: str = "") -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"
