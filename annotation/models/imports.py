"""Runs that were made from another tool's files, and what was said of their latents there."""

from django.db import models

from annotation.models.mining import Latent, MiningRun
from annotation.models.people import User


class RunImport(models.Model):
    """Where an imported run comes from. A run that has none of these was mined here."""

    run = models.OneToOneField(MiningRun, on_delete=models.PROTECT, related_name="imported")
    tool = models.CharField(max_length=40)
    """neuronpedia | saedashboard | delphi"""
    source = models.TextField()
    """Where the files come from and who may use them, in words."""
    files = models.JSONField()
    """File name to hex sha256."""
    notes = models.JSONField(default=list)
    """What the files do not say, in sentences."""
    imported_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """None where it was done on the command line in nobody's name."""
    imported_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"import of run {self.run_id} from {self.tool}"


class ImportedExplanation(models.Model):
    """What somebody or some program said elsewhere of a latent. No rater sees it before her part is over."""

    latent = models.ForeignKey(Latent, on_delete=models.PROTECT, related_name="explanations")
    text = models.TextField()
    author = models.CharField(max_length=200, blank=True)
    method = models.CharField(max_length=200, blank=True)
    """Kind of explanation; empty where it was written by hand or nobody says."""
    model = models.CharField(max_length=200, blank=True)
    """What wrote it; empty where a person did or nobody says."""
    created = models.CharField(max_length=60, blank=True)
    """When, as the file writes it."""

    def __str__(self) -> str:
        return f"explanation of {self.latent_id}"
