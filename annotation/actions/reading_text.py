"""Reads an import's files on from where they were left, and lays the documents down in batches."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac

from annotation.actions import audit
from annotation.enums import AuditVerb, CorpusImportState
from annotation.interop.corpora.columns import Field
from annotation.interop.corpora.documents import Seen, read_documents
from annotation.interop.corpora.record import DocumentRecord, LeftOut
from annotation.interop.corpora.sources import Sources, find_sources
from annotation.interop.files import CHUNK
from annotation.interop.unreadable import Unreadable
from annotation.models import CorpusImport, StagedDocument
from annotation.queries.corpus_report import staged_figures

BATCH, BATCH_CHARACTERS = 500, 8_000_000
"""Documents, and characters, that are laid down at once: what is in memory, and what a kill costs."""
SALT = "consilium.patient"


class Changed(Exception):
    """The files are not those that reading began with."""


def read_on(wished: CorpusImport, *, clock: Callable[[], datetime], until: datetime | None) -> bool:
    """Whether all has been read. Raises Unreadable, or Changed, for what refuses the import."""
    sources = find_sources(Path(path) for path in wished.paths)
    _check_same(wished, _digests(sources))
    seen, lacks = Seen(), _Lacks()
    mapping = {Field(name): column for name, column in wished.mapping.items()}
    batch = _Batch(wished)
    documents = read_documents(sources, mapping, seen=seen, legacy=wished.legacy)
    number = 0
    for number, (place, found) in enumerate(documents, start=1):
        if isinstance(found, LeftOut):
            lacks.note(found)
        elif number > wished.read:
            batch.add(_staged(wished, number, place, found))
        if batch.full:
            batch.lay_down(number, clock())
            if until and clock() >= until:
                return False
    batch.lay_down(number, clock())
    _finish(wished, seen, lacks, clock())
    return True


def _finish(wished: CorpusImport, seen: Seen, lacks: "_Lacks", now: datetime) -> None:
    report = {
        **staged_figures(wished),
        "left_out": lacks.rows,
        "encodings": [
            {"name": name, "reason": reason, "files": len(files), "first": files[0]}
            for (name, reason), files in seen.encodings.items()
        ],
        "separators": dict(seen.separators),
        "passed": dict(seen.passed.most_common(20)),
    }
    if not report["documents"] and not lacks.rows:
        raise Unreadable(
            "The corpus holds no document. Give files with one record a document: id, text and, if known, specialty, "
            "note type, patient."
        )
    with transaction.atomic():
        wished.state, wished.report, wished.touched_at = CorpusImportState.CHECKED, report, now
        wished.save(update_fields=["state", "report", "touched_at"])
        audit.record(
            AuditVerb.CORPUS_CHECKED,
            wished,
            by=wished.asked_by,
            now=now,
            study=wished.study_id,
            documents=report["documents"],
            files=len(wished.files),
        )


def _digests(sources: Sources) -> dict[str, str]:
    found = {}
    for source in sources.files:
        digest = hashlib.sha256()
        with source.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        found[source.name] = digest.hexdigest()
    return found


def _check_same(wished: CorpusImport, files: dict[str, str]) -> None:
    if not wished.files:
        wished.files = files
        wished.save(update_fields=["files"])
    elif wished.files != files:
        raise Changed("The files have changed since reading began. Begin the import again, with the files as they are.")


@dataclass
class _Batch:
    wished: CorpusImport
    rows: list[StagedDocument] = field(default_factory=list)
    characters: int = 0

    @property
    def full(self) -> bool:
        return len(self.rows) >= BATCH or self.characters >= BATCH_CHARACTERS

    def add(self, row: StagedDocument) -> None:
        self.rows.append(row)
        self.characters += len(row.text)

    @transaction.atomic
    def lay_down(self, read: int, now: datetime) -> None:
        """Raises Unreadable where an id is there already."""
        self._check_ids()
        StagedDocument.objects.bulk_create(self.rows)
        self.wished.read, self.wished.touched_at = max(read, self.wished.read), now
        CorpusImport.objects.filter(pk=self.wished.pk).update(read=self.wished.read, touched_at=now)
        self.rows, self.characters = [], 0

    def _check_ids(self) -> None:
        same = self.wished.staged.filter(key__in=[row.key for row in self.rows])
        places = dict(same.values_list("key", "place"))
        for row in self.rows:
            if row.key in places:
                raise Unreadable(
                    f"{row.place}: the id “{row.key}” was used already in {places[row.key]}. "
                    "Give each document its own."
                )
            places[row.key] = row.place


@dataclass
class _Lacks:
    """What is left out, if whoever imports says so: how many of each kind, and the first of them."""

    first: dict[str, LeftOut] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, found: LeftOut) -> None:
        kind = f"{found.lack}:{found.detail}"
        self.first.setdefault(kind, found)
        self.counts[kind] += 1

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {"kind": str(one.lack), "detail": one.detail, "documents": self.counts[kind], "first": str(one)}
            for kind, one in self.first.items()
        ]


def _staged(wished: CorpusImport, number: int, place: str, found: DocumentRecord) -> StagedDocument:
    return StagedDocument(
        imported=wished,
        number=number,
        place=place[-600:],
        key=found.key,
        text=found.text,
        specialty=found.specialty,
        note_type=found.note_type,
        patient=_hidden(wished, found.patient) if wished.hide_patients else found.patient,
        content=hashlib.sha256(found.text.encode()).hexdigest(),
        words=hashlib.sha256(_words(found.text).encode()).hexdigest(),
    )


def _hidden(wished: CorpusImport, patient: str) -> str:
    """The same for one patient of one corpus, and nothing to anyone without this site's key."""
    return salted_hmac(SALT, f"{wished.name}\n{patient}", algorithm="sha256").hexdigest()[:24] if patient else ""


def _words(text: str) -> str:
    return re.sub(r"[\W_]+", " ", re.sub(r"\d+", "0", text.casefold())).strip()
