"""What programs make of a rationale: the same trials that blinded readers get, judged by automatic scorers.

Scores are append-only; a new version of a scorer adds rows beside those of the old one. The trials' snippets are
held-out ones of the rated latent: the database refuses all others (migrations/0007_automatic_scores.py).
"""

from django.db import models

from annotation.enums import ScoreTask
from annotation.models.ratings import Rating
from annotation.models.studies import SampledLatent, Study


class ScoreBatch(models.Model):
    """Rationales that one scorer was asked about in one message to the gpu queue."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="score_batches")
    scorer = models.CharField(max_length=40)
    version = models.CharField(max_length=80)
    """Of the program that was asked."""
    digest = models.CharField(max_length=64, unique=True)
    """Of everything that was asked; names the folder of question and answer."""
    ratings = models.JSONField()
    """Ids, in order."""
    trials = models.JSONField(default=dict)
    """The truth that no scorer was told, by latent of the run: {"fuzzing": {latent: [[snippet, marks, right]]},
    "detection": {latent: [snippets]}, "intruder": {latent: [[snippets, odd]]}}."""
    asked_at = models.DateTimeField()
    """When it was first asked; the audit event of that moment says why."""
    sent_at = models.DateTimeField()
    """When it was last put on the gpu queue."""
    sent = models.PositiveSmallIntegerField(default=1)
    """So often it was put there."""
    ended_at = models.DateTimeField(null=True, blank=True)
    answered = models.CharField(max_length=80, blank=True)
    """The version that answered: of the program, with the beginning of its model's digest."""
    failure = models.TextField(blank=True)
    """Why there is no answer: a sentence for the researcher."""
    retry_helps = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "score batches"
        constraints = [
            models.CheckConstraint(
                name="score_batch_failed_has_ended", condition=models.Q(failure="") | models.Q(ended_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["study", "scorer"], name="score_batch_open", condition=models.Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.scorer} on {len(self.ratings)} rationales of {self.study_id}"


def _value_or_reason(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=models.Q(value__isnull=False, value__range=(0, 1), undefined_reason="")
        | (models.Q(value__isnull=True) & ~models.Q(undefined_reason="")),
    )


class RationaleScore(models.Model):
    """How well one scorer, given label and rationale alone, foretells held-out snippets: once a task and version."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="rationale_scores")
    rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="rationale_scores")
    scorer = models.CharField(max_length=40)
    version = models.CharField(max_length=80)
    """Of the scorer, model included: only scores of its current version count."""
    task = models.CharField(max_length=20, choices=ScoreTask.choices)
    judgements = models.JSONField(default=list)
    """One row a trial: {"snippet": id, "said": true or false, "number": how much so, or null}. Fuzzing trials say, too,
    which characters were marked, {"marks": [[start, end]], "right": whether they are those that fire}."""
    value = models.FloatField(null=True, blank=True)
    """Balanced accuracy, 0 to 1."""
    auroc = models.FloatField(null=True, blank=True)
    """Of its numbers in this trial; None where it gives none."""
    undefined_reason = models.TextField(blank=True)
    model = models.CharField(max_length=200, blank=True)
    """What judged: name and digest of its weights. Empty where nothing was asked."""
    digest = models.CharField(max_length=64)
    """Of what it was asked: label, rationale and trials."""
    batch = models.ForeignKey(ScoreBatch, on_delete=models.PROTECT, null=True, blank=True, related_name="scores")
    scored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rating", "scorer", "version", "task"], name="rationale_score_once"),
            models.CheckConstraint(
                name="rationale_score_task_known",
                condition=models.Q(task__in=(ScoreTask.DETECTION, ScoreTask.FUZZING)),
            ),
            _value_or_reason("rationale_score_value_or_reason"),
        ]
        indexes = [
            models.Index(fields=["study", "scorer", "version", "task"], name="rationale_score_of_study"),
        ]

    def __str__(self) -> str:
        return f"{self.scorer} on rating {self.rating_id}: {self.task}"


class IntruderScore(models.Model):
    """How often one scorer finds the snippet that does not belong: of the latent alone, no label is given."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="intruder_scores")
    latent = models.ForeignKey(SampledLatent, on_delete=models.PROTECT, related_name="intruder_scores")
    scorer = models.CharField(max_length=40)
    version = models.CharField(max_length=80)
    judgements = models.JSONField(default=list)
    """One row a set: {"snippets": [ids as shown], "odd": id, "said": id}."""
    value = models.FloatField(null=True, blank=True)
    """Share of the sets in which it was found; chance is one over the size of a set."""
    undefined_reason = models.TextField(blank=True)
    model = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64)
    batch = models.ForeignKey(
        ScoreBatch, on_delete=models.PROTECT, null=True, blank=True, related_name="intruder_scores"
    )
    scored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["latent", "scorer", "version"], name="intruder_score_once"),
            _value_or_reason("intruder_score_value_or_reason"),
        ]
        indexes = [models.Index(fields=["study", "scorer", "version"], name="intruder_score_of_study")]

    def __str__(self) -> str:
        return f"{self.scorer} on latent {self.latent_id}: intruder"
