"""What raters said. Append-only: a revision is a new row, and no client may update, delete or truncate."""

from django.db import models

from annotation.enums import Outcome
from annotation.models.people import Institution, User
from annotation.models.rounds import Round, Slot
from annotation.models.studies import Concept, SampledLatent, Study


class Rating(models.Model):
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="ratings")
    latent = models.ForeignKey(SampledLatent, on_delete=models.PROTECT, related_name="ratings")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="ratings")
    rater = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT)
    """The rater's institution when she rated."""
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, null=True, blank=True, related_name="ratings")
    """None for a surplus rating: its lease had run out and the place was given to someone else."""
    revision = models.PositiveSmallIntegerField(default=1)
    reason = models.TextField(blank=True)
    """Why it was revised; empty for the first."""
    submit_token = models.UUIDField(unique=True)
    """Sent with the form: the same token never stores a second rating."""
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    concept = models.ForeignKey(Concept, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    concept_written = models.CharField(max_length=160, blank=True)
    """The concept as she wrote it: one row serves all who write a term, in the letters of whoever came first."""
    answers = models.JSONField()
    """Answers by rubric item key, without the concept: a value, a number, or a list for flags."""
    second_concept = models.ForeignKey(Concept, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """Where the latent holds two meanings. The statistics take the first."""
    second_concept_written = models.CharField(max_length=160, blank=True)
    rationale = models.TextField(blank=True)
    evidence = models.JSONField(default=list, blank=True)
    """Words that the rationale points at: [{snippet, start, end}], characters of that snippet."""
    fits = models.JSONField(default=dict, blank=True)
    """{snippet: one of enums.Fit}, where she said so."""
    active_seconds = models.FloatField(null=True, blank=True)
    submitted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["latent", "round", "rater", "revision"], name="rating_revision_unique"),
            models.CheckConstraint(name="rating_outcome_known", condition=models.Q(outcome__in=Outcome.values)),
            models.CheckConstraint(
                name="rating_says_why",
                condition=~models.Q(outcome=Outcome.ANSWERED) | ~models.Q(rationale__regex=r"^\s*$"),
            ),
            models.CheckConstraint(
                name="rating_concept_if_answered",
                condition=models.Q(outcome=Outcome.ANSWERED, concept__isnull=False)
                | (~models.Q(outcome=Outcome.ANSWERED) & models.Q(concept__isnull=True)),
            ),
            models.CheckConstraint(
                name="rating_second_concept_is_another",
                condition=models.Q(second_concept__isnull=True)
                | (models.Q(concept__isnull=False) & ~models.Q(second_concept=models.F("concept"))),
            ),
            models.CheckConstraint(
                name="rating_revision_says_why",
                condition=models.Q(revision=1) | (models.Q(revision__gt=1) & ~models.Q(reason__regex=r"^\s*$")),
            ),
        ]

    def __str__(self) -> str:
        return f"rating {self.pk} of {self.latent_id}"


class Reference(models.Model):
    """A senior person's answer to a calibration item: a distribution, not a single truth. Append-only.

    Of one person's revisions on a latent the newest counts, with all items that it speaks of.
    """

    latent = models.ForeignKey(SampledLatent, on_delete=models.PROTECT, related_name="references")
    item = models.SlugField(max_length=40)
    distribution = models.JSONField()
    """{answer: share}, shares adding to 1."""
    rationale = models.TextField(blank=True)
    """What raters read after they have answered: why the panel says so."""
    clause = models.TextField(blank=True)
    """The sentence of the rubric that decides it."""
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    revision = models.PositiveSmallIntegerField(default=1)
    reason = models.TextField(blank=True)
    """Why it was corrected; empty for the first."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["latent", "item", "set_by", "revision"], name="reference_revision_unique"),
            models.CheckConstraint(
                name="reference_revision_says_why",
                condition=models.Q(revision=1) | (models.Q(revision__gt=1) & ~models.Q(reason__regex=r"^\s*$")),
            ),
        ]

    def __str__(self) -> str:
        return f"reference for {self.latent_id}"
