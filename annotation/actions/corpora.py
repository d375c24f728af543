"""A corpus enters the site whole or not at all: from files in one go, or of documents that another import brings."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from django.db import transaction

from annotation.actions import audit
from annotation.actions.corpus_artifact import digest_line, write_artifact
from annotation.actions.importing_text import (
    Clock,
    Wish,
    begin_reading,
    begin_storing,
    discard_import,
    propose_import,
    work_on,
)
from annotation.enums import AuditVerb, CorpusImportState
from annotation.interop.corpora.columns import Field
from annotation.interop.corpora.record import DocumentRecord
from annotation.models import Corpus, CorpusImport, Document, User
from annotation.rules.refusal import Refused

GOING_ON = (CorpusImportState.CHECKING, CorpusImportState.CHECKED, CorpusImportState.STORING)


@transaction.atomic
def import_corpus(*, name: str, source: str, paths: list[Path], by: User | None, now: datetime) -> Corpus:
    """Read the files by their columns' names and store them. The same content again returns the corpus that is there.

    Raises Refused with a sentence about the first thing that is wrong; then nothing is stored.
    """
    proposed = propose_import(paths=paths, study=None, by=by, now=now)
    mapping = {Field(field): column for field, column in proposed.mapping.items()}
    wish = Wish(name=name, source=source, mapping=mapping)
    read = read_here(begin_reading(wished=proposed, wish=wish, by=by, now=now, here=True), clock=lambda: now)
    return store_here(read, leave_out=False, drop_duplicates=False, by=by, clock=lambda: now)


def begun_before(*, paths: Iterable[Path], wish: Wish) -> CorpusImport | None:
    """An import of the same wish on this machine's command line that was killed, to be gone on with."""
    return (
        CorpusImport.objects.filter(
            study=None,
            state__in=GOING_ON,
            paths=[str(path.absolute()) for path in paths],
            name=wish.name.strip(),
            source=wish.source.strip(),
            mapping={str(field): column for field, column in wish.mapping.items() if column},
            legacy=wish.legacy,
            hide_patients=wish.hide_patients,
        )
        .order_by("-pk")
        .first()
    )


def read_here(wished: CorpusImport, *, clock: Clock) -> CorpusImport:
    """Read all of it now, in this process. Raises Refused where the files are wrong; then nothing of them stays."""
    work_on(import_id=wished.pk, clock=clock)
    return _or_refused(wished)


def store_here(
    wished: CorpusImport, *, leave_out: bool, drop_duplicates: bool, by: User | None, clock: Clock
) -> Corpus:
    """Store what was read now, in this process. Raises Refused; then nothing of it stays."""
    if wished.state == CorpusImportState.CHECKED:
        try:
            begin_storing(
                wished=wished, leave_out=leave_out, drop_duplicates=drop_duplicates, by=by, now=clock(), here=True
            )
        except Refused:
            discard_import(wished=wished, by=by, now=clock())
            raise
    work_on(import_id=wished.pk, clock=clock)
    corpus = _or_refused(wished).corpus
    if corpus is None:
        raise Refused("Another process has this import in hand. Wait for it, or end it, and give the command again.")
    return corpus


def _or_refused(wished: CorpusImport) -> CorpusImport:
    wished = CorpusImport.objects.select_related("corpus").get(pk=wished.pk)
    if wished.state == CorpusImportState.REFUSED:
        raise Refused(wished.failure)
    return wished


@transaction.atomic
def store_corpus(*, name: str, source: str, records: list[DocumentRecord], by: User | None, now: datetime) -> Corpus:
    """Store the documents and write the artifact. The same content again returns the corpus that is there.

    Raises Refused where the name is taken by other documents.
    """
    digest = corpus_digest(records)
    existing = Corpus.objects.filter(digest=digest).first()
    if existing:
        write_artifact(existing)
        return existing
    if Corpus.objects.filter(name=name).exists():
        raise Refused(f"There is a corpus “{name}” with other documents. Give this one another name.")
    corpus = Corpus.objects.create(
        name=name, source=source, digest=digest, document_count=len(records), imported_at=now
    )
    Document.objects.bulk_create(
        (
            Document(
                corpus=corpus, key=r.key, text=r.text, specialty=r.specialty, note_type=r.note_type, patient=r.patient
            )
            for r in records
        ),
        batch_size=1000,
    )
    audit.record(AuditVerb.CORPUS_IMPORTED, corpus, by=by, now=now, digest=digest, documents=len(records))
    write_artifact(corpus)
    return corpus


def corpus_digest(records: list[DocumentRecord]) -> str:
    """Hex sha256 over the documents sorted by id: the order of the files does not matter.

    A patient counts where there is one, so that a corpus that names none has the digest that it always had.
    """
    digest = hashlib.sha256()
    for r in sorted(records, key=lambda r: r.key):
        digest.update(digest_line(r.key, r.text, r.specialty, r.note_type, r.patient))
    return digest.hexdigest()
