"""The text a study rests on: a corpus and its documents, as they came in."""

from django.db import models

from annotation.models.people import User


class Corpus(models.Model):
    name = models.CharField(max_length=120, unique=True)
    source = models.TextField()
    """Where the text comes from and who may use it, in words."""
    digest = models.CharField(max_length=64, unique=True)
    """sha256 over the sorted documents; names the artifact that the GPU side reads."""
    document_count = models.PositiveIntegerField()
    imported_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "corpora"

    def __str__(self) -> str:
        return self.name


class Document(models.Model):
    corpus = models.ForeignKey(Corpus, on_delete=models.PROTECT, related_name="documents")
    key = models.CharField(max_length=200)
    """The id that the document had in the corpus file."""
    text = models.TextField()
    specialty = models.CharField(max_length=120, blank=True)
    note_type = models.CharField(max_length=120, blank=True)
    patient = models.CharField(max_length=120, blank=True)
    """Pseudonym: documents that share one count as one witness and are held out together."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["corpus", "key"], name="document_key_unique_in_corpus"),
            models.CheckConstraint(name="document_has_text", condition=~models.Q(text="")),
        ]

    def __str__(self) -> str:
        return self.key


class TextPermission(models.Model):
    """Whether snippets of a corpus may leave in releases. The newest counts; without any they may not. Append-only."""

    corpus = models.ForeignKey(Corpus, on_delete=models.PROTECT, related_name="text_permissions")
    may_leave = models.BooleanField()
    words = models.CharField(max_length=500)
    """On what that rests, in one line that names no person. Releases say it."""
    stated_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """None on the command line."""
    stated_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="text_permission_says_why", condition=~models.Q(words=""))]

    def __str__(self) -> str:
        return f"text of {self.corpus_id} {'may leave' if self.may_leave else 'stays'}"
