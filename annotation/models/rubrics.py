"""The questions: a rubric, its numbered versions, and the items of each."""

from django.db import models

from annotation.enums import ItemKind


class Rubric(models.Model):
    name = models.CharField(max_length=120, unique=True)

    def __str__(self) -> str:
        return self.name


class RubricVersion(models.Model):
    """Immutable as soon as a round uses it (trigger)."""

    rubric = models.ForeignKey(Rubric, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    guidance = models.TextField(blank=True)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rubric", "number"], name="rubric_version_number_unique")]

    def __str__(self) -> str:
        return f"{self.rubric}, version {self.number}"


class RubricItem(models.Model):
    version = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="items")
    key = models.SlugField(max_length=40)
    kind = models.CharField(max_length=20, choices=ItemKind.choices)
    position = models.PositiveSmallIntegerField()
    question = models.CharField(max_length=200)
    help = models.TextField(blank=True)
    options = models.JSONField(default=list)
    """[{value, label, help}] in order; empty for the concept item."""
    required = models.BooleanField(default=True)

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="rubric_item_key_unique"),
            models.UniqueConstraint(fields=["version", "position"], name="rubric_item_position_unique"),
            models.CheckConstraint(name="rubric_item_kind_known", condition=models.Q(kind__in=ItemKind.values)),
        ]

    def __str__(self) -> str:
        return self.question
