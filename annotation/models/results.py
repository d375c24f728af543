"""What follows from the ratings. Every row carries the digest of its inputs, so that "stale" is computed."""

from django.db import models

from annotation.models.studies import SampledLatent, Study


class ResultRun(models.Model):
    """One computation of agreement and consensus over all of a study's ratings at a moment."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="results")
    input_digest = models.CharField(max_length=64)
    method_version = models.CharField(max_length=60)
    parameters = models.JSONField()
    seed = models.BigIntegerField()
    last_rating = models.BigIntegerField()
    """The newest rating (its id) that went in: a newer one makes this run stale."""
    ratings = models.PositiveIntegerField()
    raters = models.PositiveIntegerField()
    latents = models.PositiveIntegerField()
    computed_at = models.DateTimeField()
    seconds = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "input_digest"], name="result_once_per_input")]

    def __str__(self) -> str:
        return f"results of {self.study_id} from {self.ratings} ratings"


class Agreement(models.Model):
    run = models.ForeignKey(ResultRun, on_delete=models.PROTECT, related_name="agreements")
    item = models.SlugField(max_length=40)
    scope = models.CharField(max_length=60)
    """`all`, or `round:<number>`, `institution:<code>`, `between institutions`."""
    coefficient = models.CharField(max_length=40)
    """alpha, ac1, ac2 or raw."""
    level = models.CharField(max_length=20)
    """nominal, ordinal, interval or sets."""
    value = models.FloatField(null=True, blank=True)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    undefined_reason = models.TextField(blank=True)
    interval_reason = models.TextField(blank=True)
    """Why there is a value but no interval."""
    units = models.PositiveIntegerField()
    ratings = models.PositiveIntegerField()
    raters = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "item", "scope", "coefficient"], name="agreement_once"),
            models.CheckConstraint(
                name="agreement_value_or_reason",
                condition=models.Q(value__isnull=False, undefined_reason="")
                | (models.Q(value__isnull=True) & ~models.Q(undefined_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coefficient} of {self.item}"


class Consensus(models.Model):
    """One latent's answer to one item: both layers of CLC, beside majority vote and Dawid-Skene."""

    run = models.ForeignKey(ResultRun, on_delete=models.PROTECT, related_name="consensuses")
    latent = models.ForeignKey(SampledLatent, on_delete=models.PROTECT, related_name="consensuses")
    item = models.SlugField(max_length=40)
    classes = models.JSONField()
    """Labels in order; every distribution below follows it."""
    votes = models.JSONField()
    q = models.JSONField()
    theta = models.JSONField()
    dawid_skene = models.JSONField(null=True, blank=True)
    dawid_skene_reason = models.TextField(blank=True)
    majority = models.JSONField()
    """The labels with most votes: more than one is a tie."""
    n_eff = models.FloatField()
    flip_rate = models.FloatField()
    entropy = models.FloatField()
    """Of theta, divided by the log of the number of classes."""
    ratings = models.PositiveIntegerField()
    cannot_tell = models.PositiveIntegerField()
    institutions = models.PositiveIntegerField()
    weights = models.JSONField()
    """{pseudonym: omega} of the raters who count here."""

    class Meta:
        verbose_name_plural = "consensuses"
        constraints = [models.UniqueConstraint(fields=["run", "latent", "item"], name="consensus_once")]

    def __str__(self) -> str:
        return f"consensus on {self.item} of {self.latent_id}"


class RaterReliability(models.Model):
    """What the model made of a rater: the basis of her weight."""

    run = models.ForeignKey(ResultRun, on_delete=models.PROTECT, related_name="reliabilities")
    item = models.SlugField(max_length=40)
    pseudonym = models.CharField(max_length=12)
    mean = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    fitted = models.FloatField()
    """One-coin accuracy after EM."""
    ratings = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "rater reliabilities"
        constraints = [models.UniqueConstraint(fields=["run", "item", "pseudonym"], name="reliability_once")]

    def __str__(self) -> str:
        return f"{self.pseudonym} on {self.item}"
