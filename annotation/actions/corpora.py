"""A corpus enters the site whole or not at all, and goes out to the GPU side as one artifact."""

import hashlib
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from annotation import gateway
from annotation.actions import audit
from annotation.actions.corpus_file import DocumentRecord, read_corpus
from annotation.enums import AuditVerb
from annotation.models import Corpus, Document, User
from annotation.rules.refusal import Refused


@transaction.atomic
def import_corpus(*, name: str, source: str, paths: list[Path], by: User | None, now: datetime) -> Corpus:
    """Read the files, store the documents, write the artifact. The same content again returns the corpus that is there.

    Raises Refused with a sentence about the first thing that is wrong; then nothing is stored.
    """
    return store_corpus(name=name, source=source, records=read_corpus(paths), by=by, now=now)


@transaction.atomic
def store_corpus(*, name: str, source: str, records: list[DocumentRecord], by: User | None, now: datetime) -> Corpus:
    """Store the documents and write the artifact. The same content again returns the corpus that is there.

    Raises Refused where the name is taken by other documents.
    """
    digest = corpus_digest(records)
    existing = Corpus.objects.filter(digest=digest).first()
    if existing:
        _write_artifact(existing)
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
    _write_artifact(corpus)
    return corpus


def corpus_digest(records: list[DocumentRecord]) -> str:
    """Hex sha256 over the documents sorted by id: the order of the files does not matter.

    A patient counts where there is one, so that a corpus that names none has the digest that it always had.
    """
    digest = hashlib.sha256()
    for r in sorted(records, key=lambda r: r.key):
        patient = [r.patient] if r.patient else []
        digest.update(gateway.canonical_json([r.key, r.text, r.specialty, r.note_type, *patient]).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _write_artifact(corpus: Corpus) -> None:
    documents = corpus.documents.order_by("key").iterator(chunk_size=1000)
    gateway.write_documents(
        settings.ARTIFACT_ROOT,
        corpus.digest,
        (
            {
                "id": d.key,
                "text": d.text,
                "specialty": d.specialty,
                "note_type": d.note_type,
                "patient": d.patient,
            }
            for d in documents
        ),
    )
