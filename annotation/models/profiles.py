"""What a run says of a latent beyond its snippets, and which latents of another run are the same or nearly so."""

from django.db import models

from annotation.models.mining import Latent, MiningRun


class LatentProfile(models.Model):
    """One latent's company and whereabouts, in the words and units of `saeserve.contract.LATENT_COLUMNS`."""

    latent = models.OneToOneField(Latent, on_delete=models.PROTECT, related_name="profile")
    flags = models.JSONField(default=list)
    promoted = models.JSONField(default=list)
    suppressed = models.JSONField(default=list)
    """Output tokens that its decoder direction raises and lowers most: [{token, logit}]."""
    neighbours = models.JSONField(default=list)
    """Nearest decoder directions of the same SAE: [{latent, cosine}], latents by index."""
    coactivation = models.JSONField(default=list)
    """Latents that fire on the same tokens: [{latent, tokens, lift, phi}]."""
    peak_tokens = models.JSONField(default=list)
    """Tokens of the vocabulary on which it fires: [{token, firings, share, mean}]."""
    specialties = models.JSONField(default=list)
    sections = models.JSONField(default=list)
    """Where it fires: [{name, firings, lift}]."""
    positions = models.JSONField(default=list)
    """Firings by tenth of the document."""

    def __str__(self) -> str:
        return f"profile of {self.latent_id}"


class RunPair(models.Model):
    """Two finished runs of one language model on one corpus, whose latents are matched both ways."""

    run = models.ForeignKey(MiningRun, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(MiningRun, on_delete=models.PROTECT, related_name="+")
    """The run that was asked for later."""
    asked_at = models.DateTimeField()
    """When it was last put on the gpu queue."""
    asked = models.PositiveSmallIntegerField(default=1)
    """How often: a pair that nobody answers is not asked for ever."""
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "other"], name="run_pair_once"),
            models.CheckConstraint(name="run_pair_in_order", condition=models.Q(run__lt=models.F("other"))),
        ]

    def __str__(self) -> str:
        return f"runs {self.run_id} and {self.other_id}"


class LatentMatch(models.Model):
    """A latent of one run of a pair, and one of the other run's that resembles it."""

    pair = models.ForeignKey(RunPair, on_delete=models.PROTECT, related_name="matches")
    latent = models.ForeignKey(Latent, on_delete=models.PROTECT, related_name="matches")
    other = models.ForeignKey(Latent, on_delete=models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField()
    """0 is the best match of `latent`."""
    cosine = models.FloatField(null=True, blank=True)
    """Of the decoder directions; None where the two SAEs write to different spaces."""
    correlation = models.FloatField(null=True, blank=True)
    """Pearson's r of the activations over the tokens drawn in both runs; None where undefined."""
    tokens = models.PositiveIntegerField()
    """Tokens on which both fire."""

    class Meta:
        verbose_name_plural = "latent matches"
        constraints = [
            models.UniqueConstraint(fields=["pair", "latent", "rank"], name="latent_match_rank_unique"),
        ]

    def __str__(self) -> str:
        return f"match {self.rank} of {self.latent_id}"
