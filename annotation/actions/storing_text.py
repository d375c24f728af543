"""What was read becomes a corpus: one transaction, and the file for the GPU side."""

import hashlib
from datetime import datetime

from django.db import connection, transaction

from annotation.actions import audit
from annotation.actions.corpus_artifact import digest_line, write_artifact
from annotation.enums import AuditVerb, CorpusImportState
from annotation.models import Corpus, CorpusImport, StagedDocument
from annotation.rules.refusal import Refused

FIRST_OF_EACH = """
DELETE FROM annotation_stageddocument d USING annotation_stageddocument first
WHERE d.imported_id = %(wished)s AND first.imported_id = d.imported_id
  AND first.content = d.content AND first.number < d.number
"""
TO_DOCUMENTS = """
INSERT INTO annotation_document (corpus_id, key, text, specialty, note_type, patient)
SELECT %(corpus)s, key, text, specialty, note_type, patient
FROM annotation_stageddocument WHERE imported_id = %(wished)s ORDER BY number
"""


@transaction.atomic
def store(wished: CorpusImport, *, now: datetime) -> Corpus:
    """The new corpus, or the one that has these documents already. Raises Refused where its name is taken by others."""
    if wished.drop_duplicates:
        _run(FIRST_OF_EACH, wished=wished.pk)
    digest = _digest(wished)
    corpus = Corpus.objects.filter(digest=digest).first()
    if corpus is None:
        corpus = _new(wished, digest, now)
    write_artifact(corpus)
    wished.staged.all().delete()
    wished.state, wished.corpus, wished.touched_at = CorpusImportState.DONE, corpus, now
    wished.save(update_fields=["state", "corpus", "touched_at"])
    return corpus


def _new(wished: CorpusImport, digest: str, now: datetime) -> Corpus:
    if Corpus.objects.filter(name=wished.name).exists():
        raise Refused(f"There is a corpus “{wished.name}” with other documents. Give this one another name.")
    corpus = Corpus.objects.create(
        name=wished.name,
        source=wished.source,
        digest=digest,
        document_count=wished.staged.count(),
        imported_at=now,
    )
    _run(TO_DOCUMENTS, wished=wished.pk, corpus=corpus.pk)
    audit.record(
        AuditVerb.CORPUS_IMPORTED,
        corpus,
        by=wished.asked_by,
        now=now,
        study=wished.study_id,
        digest=digest,
        documents=corpus.document_count,
        files=len(wished.files),
    )
    return corpus


def _digest(wished: CorpusImport) -> str:
    """actions.corpora.corpus_digest of what was read, without holding it."""
    digest = hashlib.sha256()
    rows = StagedDocument.objects.filter(imported=wished).order_by("key")
    for row in rows.values_list("key", "text", "specialty", "note_type", "patient").iterator(chunk_size=500):
        digest.update(digest_line(*row))
    return digest.hexdigest()


def _run(statement: str, **parameters: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
