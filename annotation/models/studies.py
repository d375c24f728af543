"""A study: what is rated, by which rubric, under which thresholds, and which latents were drawn."""

from django.db import models
from django.db.models.functions import Lower

from annotation.enums import LatentState
from annotation.models.mining import Latent, MiningRun
from annotation.models.people import User
from annotation.models.rubrics import RubricVersion


class Study(models.Model):
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=160)
    purpose = models.TextField(blank=True)
    simulated = models.BooleanField(default=False)
    """True where a program, not people, gave the ratings: said on every page and in every release."""
    run = models.ForeignKey(MiningRun, on_delete=models.PROTECT, null=True, blank=True, related_name="studies")
    rubric = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="studies")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    sample_size = models.PositiveIntegerField(default=24)
    minimum_documents = models.PositiveIntegerField(default=20)
    """A latent is eligible if it fires in at least so many distinct documents."""
    maximum_density = models.FloatField(default=0.05)
    """... and on at most this share of tokens."""
    seed = models.BigIntegerField(default=20261122)
    sample_frame = models.JSONField(null=True, blank=True)
    """Once drawn: the rule, the strata with how many were eligible and drawn, and the seed."""
    raters_per_latent = models.PositiveSmallIntegerField(default=3)

    accept_q = models.FloatField(default=0.9)
    accept_theta = models.FloatField(default=0.7)
    accept_n_eff = models.FloatField(default=2.5)
    accept_flip_rate = models.FloatField(default=0.2)

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            models.CheckConstraint(
                name="study_thresholds_are_shares",
                condition=models.Q(accept_q__range=(0, 1), accept_theta__range=(0, 1), accept_flip_rate__range=(0, 1)),
            ),
            models.CheckConstraint(
                name="study_sample_positive",
                condition=models.Q(sample_size__gt=0, raters_per_latent__gt=0, maximum_density__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SampledLatent(models.Model):
    """A latent in a study's sample, with its state there."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="sample")
    latent = models.ForeignKey(Latent, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    stratum = models.CharField(max_length=120)
    state = models.CharField(max_length=20, choices=LatentState.choices, default=LatentState.SAMPLED)
    extra_rounds = models.PositiveSmallIntegerField(default=0)
    state_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "latent"], name="sampled_latent_once"),
            models.UniqueConstraint(fields=["study", "position"], name="sampled_latent_position_unique"),
            models.CheckConstraint(name="sampled_latent_state_known", condition=models.Q(state__in=LatentState.values)),
            models.CheckConstraint(name="sampled_latent_two_extra_rounds", condition=models.Q(extra_rounds__lte=2)),
        ]

    def __str__(self) -> str:
        return f"{self.latent} in {self.study_id}"


class Concept(models.Model):
    """A term of the study. One row a term, however many raters write it; nobody sees who did."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="concepts")
    name = models.CharField(max_length=160)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """None for the list that the study began with."""
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("study", Lower("name"), name="concept_name_unique_in_study"),
            models.CheckConstraint(name="concept_has_name", condition=~models.Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name
