"""Text on its way in: what was wished, how far it is, and the documents that wait until all of them are there."""

from django.db import models

from annotation.enums import CorpusImportState
from annotation.models.corpora import Corpus
from annotation.models.people import User
from annotation.models.studies import Study


class CorpusImport(models.Model):
    """Kept as a corpus's provenance when it is done."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, blank=True, related_name="corpus_imports")
    """Where it was asked for; None on the command line."""
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120)
    source = models.TextField()
    """Where the text comes from and who may use it, in words."""
    state = models.CharField(max_length=20, choices=CorpusImportState.choices, default=CorpusImportState.PROPOSED)
    paths = models.JSONField()
    """Files and folders, as this machine sees them."""
    format = models.CharField(max_length=20)
    files = models.JSONField(default=dict)
    """File name to hex sha256: what was read, and what has to be there still when it is read on."""
    columns = models.JSONField()
    """Of the files, in order."""
    mapping = models.JSONField(default=dict)
    """Field to column."""
    legacy = models.CharField(max_length=20, blank=True)
    """Encoding of files that are not UTF-8, where somebody said so."""
    hide_patients = models.BooleanField(default=False)
    """Patients' ids are replaced by what nobody can reckon back without this site's key."""
    leave_out = models.BooleanField(default=False)
    """Documents without text that can be read are left out, and counted."""
    drop_duplicates = models.BooleanField(default=False)
    """Of documents with the same text, the first alone is taken."""
    read = models.PositiveBigIntegerField(default=0)
    """Documents read so far, those left out among them: where reading goes on."""
    report = models.JSONField(null=True, blank=True)
    """What was found (actions.corpus_report)."""
    failure = models.TextField(blank=True)
    corpus = models.ForeignKey(Corpus, on_delete=models.PROTECT, null=True, blank=True, related_name="imports")
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField()
    """Last sign of life."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="corpus_import_state_known", condition=models.Q(state__in=CorpusImportState.values)
            ),
            models.CheckConstraint(
                name="corpus_import_done_has_corpus",
                condition=models.Q(state=CorpusImportState.DONE, corpus__isnull=False)
                | (~models.Q(state=CorpusImportState.DONE) & models.Q(corpus__isnull=True)),
            ),
            models.CheckConstraint(
                name="corpus_import_refused_says_why",
                condition=~models.Q(state=CorpusImportState.REFUSED) | ~models.Q(failure=""),
            ),
        ]

    def __str__(self) -> str:
        return f"import of {self.name}"


class StagedDocument(models.Model):
    """Waits until all of its corpus has been read; gone when it has become a document, or nothing came of it."""

    imported = models.ForeignKey(CorpusImport, on_delete=models.CASCADE, related_name="staged")
    number = models.PositiveBigIntegerField()
    place = models.CharField(max_length=600)
    """File and line."""
    key = models.CharField(max_length=200, db_collation="C")
    """Sorted by code points, whatever the database's language: the corpus's digest is over documents in this order."""
    text = models.TextField()
    specialty = models.CharField(max_length=120, blank=True)
    note_type = models.CharField(max_length=120, blank=True)
    patient = models.CharField(max_length=120, blank=True)
    content = models.CharField(max_length=64)
    """sha256 of the text."""
    words = models.CharField(max_length=64)
    """sha256 of its letters alone, in lower case, digits as one: the same for texts that differ in numbers, case and
    punctuation."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["imported", "key"], name="staged_document_key_unique")]

    def __str__(self) -> str:
        return self.key
