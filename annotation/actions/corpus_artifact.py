"""What stands for a corpus outside the database: its digest, and the file for the GPU side."""

from django.conf import settings

from annotation import gateway
from annotation.models import Corpus


def digest_line(key: str, text: str, specialty: str, note_type: str, patient: str) -> bytes:
    """One document's part in its corpus's digest."""
    patients = [patient] if patient else []
    return gateway.canonical_json([key, text, specialty, note_type, *patients]).encode() + b"\n"


def write_artifact(corpus: Corpus) -> None:
    """The file that the GPU side reads; text is in it and in the database, nowhere else."""
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
