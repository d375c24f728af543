"""The questions: a rubric, its numbered versions, and the items of each."""

from django.db import models

from annotation.enums import ItemKind


class Rubric(models.Model):
    name = models.CharField(max_length=120)
    study = models.ForeignKey(
        "annotation.Study", on_delete=models.PROTECT, null=True, blank=True, related_name="own_rubrics"
    )
    """The study that edits it; None for one that ships with the product, which nobody edits."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "study"], name="rubric_name_unique", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.name


class RubricVersion(models.Model):
    """A draft while `published_at` is None. Immutable as soon as a round uses it (trigger)."""

    rubric = models.ForeignKey(Rubric, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    guidance = models.TextField(blank=True)
    sources = models.TextField(blank=True)
    """What its questions rest on, one a line."""
    based_on = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    saved_at = models.DateTimeField(null=True, blank=True)
    """When the draft was saved last, and by whom: several researchers may write one."""
    saved_by = models.ForeignKey("annotation.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rubric", "number"], name="rubric_version_number_unique"),
            models.UniqueConstraint(
                fields=["rubric"],
                name="rubric_version_one_draft",
                condition=models.Q(published_at__isnull=True),
            ),
        ]

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
    """[{value, label, help}] in order; empty for the concept item and for free text."""
    required = models.BooleanField(default=True)
    examples = models.JSONField(default=list, blank=True)
    """Worked examples: [{text, answer, why}]; `text` is written for the rubric, never a snippet of a study."""
    condition = models.JSONField(null=True, blank=True)
    """{item, values}: asked only where that earlier item has one of these answers. None: always asked."""

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="rubric_item_key_unique"),
            models.UniqueConstraint(fields=["version", "position"], name="rubric_item_position_unique"),
            models.CheckConstraint(name="rubric_item_kind_known", condition=models.Q(kind__in=ItemKind.values)),
        ]

    def __str__(self) -> str:
        return self.question
