"""A frozen, numbered set of files of a study at a moment. Immutable once ready (trigger)."""

from django.db import models

from annotation.enums import ReleaseState
from annotation.models.people import User
from annotation.models.studies import Study


class Release(models.Model):
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="releases")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=ReleaseState.choices, default=ReleaseState.BUILDING)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    cut_at = models.DateTimeField(null=True, blank=True)
    folder = models.CharField(max_length=500, blank=True)
    """Relative to the artifact root."""
    manifest = models.JSONField(null=True, blank=True)
    failure = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="release_number_unique_in_study"),
            models.CheckConstraint(
                name="release_ready_has_manifest",
                condition=~models.Q(state=ReleaseState.READY)
                | (models.Q(manifest__isnull=False, cut_at__isnull=False) & ~models.Q(folder="")),
            ),
            models.CheckConstraint(
                name="release_failed_says_why", condition=~models.Q(state=ReleaseState.FAILED) | ~models.Q(failure="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study.slug} release {self.number}"
