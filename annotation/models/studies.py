"""A study: what is rated, by which rubric, under which thresholds, and which latents were drawn."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from annotation.enums import LatentState, Scorer, WithdrawalPolicy
from annotation.models.mining import Latent, MiningRun
from annotation.models.people import User
from annotation.models.rubrics import RubricVersion


def shipped_scorers() -> list[str]:
    """What needs neither a set-up nor a service, and costs a fraction of a second a rationale without a GPU."""
    return [Scorer.EMBEDDING]


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

    retest_share = models.FloatField(default=0.15)
    """Share of a rater's latents that come back to her, unannounced."""
    retest_gap_hours = models.PositiveIntegerField(default=168)
    """... at the earliest so long after her first rating."""
    case_repeat_share = models.FloatField(default=0.15)
    """Share of an adjudicator's decided cases that come back to her, unannounced, to see how steady she is."""
    case_repeat_gap_hours = models.PositiveIntegerField(default=336)
    """... at the earliest so long after she decided."""
    calibration_threshold = models.FloatField(default=0.6)
    """Mean agreement with the panel's reference that passes a calibration set (rules.calibration)."""
    reading_share = models.FloatField(default=0.2)
    """Share of the rationales that people read blinded."""
    scorers = models.JSONField(default=shipped_scorers, blank=True)
    """Of annotation.enums.Scorer: programs that judge rationales beside people."""
    code_systems = models.JSONField(default=list, blank=True)
    """Of annotation.enums.CodeSystem: whose terms the concept field offers beside the study's list."""
    hourly_rate = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    """What an hour of a rater's work is paid; None where it is not."""
    currency = models.CharField(max_length=3, default="EUR")
    withdrawal = models.CharField(max_length=20, choices=WithdrawalPolicy.choices, default=WithdrawalPolicy.STAY)
    ethics = models.CharField(max_length=500, blank=True)
    """The approval and consent under which people rate, in one line that names no person. Releases say it."""
    release_snippets = models.BooleanField(default=False)
    """Whether releases hold the text of snippets. The corpus must permit it too (models.TextPermission)."""
    release_raters = models.BooleanField(default=False)
    """Whether releases have a table of the raters, and in it, of annotation.enums.RaterAttribute: ..."""
    rater_attributes = models.JSONField(default=list, blank=True)

    accept_q = models.FloatField(default=0.9)
    accept_theta = models.FloatField(default=0.73)
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
                name="study_round_shares_are_shares",
                condition=models.Q(
                    retest_share__range=(0, 1), calibration_threshold__range=(0, 1), reading_share__range=(0, 1)
                ),
            ),
            models.CheckConstraint(
                name="study_case_repeat_share_is_a_share", condition=models.Q(case_repeat_share__range=(0, 1))
            ),
            models.CheckConstraint(
                name="study_withdrawal_known", condition=models.Q(withdrawal__in=WithdrawalPolicy.values)
            ),
            models.CheckConstraint(
                name="study_rate_not_negative",
                condition=models.Q(hourly_rate__isnull=True) | models.Q(hourly_rate__gte=0),
            ),
            models.CheckConstraint(
                name="study_sample_positive",
                condition=models.Q(sample_size__gt=0, raters_per_latent__gt=0, maximum_density__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MainSample(models.Manager["SampledLatent"]):
    """The latents whose label the study asks for: those of calibration sets are not among them."""

    def get_queryset(self) -> models.QuerySet["SampledLatent"]:
        return super().get_queryset().filter(calibration_set=None)


class SampledLatent(models.Model):
    """A latent in a study's sample, with its state there. `objects` and `study.sample` leave calibration sets out."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="sample")
    latent = models.ForeignKey(Latent, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    stratum = models.CharField(max_length=120)
    state = models.CharField(max_length=20, choices=LatentState.choices, default=LatentState.SAMPLED)
    extra_rounds = models.PositiveSmallIntegerField(default=0)
    state_reason = models.TextField(blank=True)
    calibration_set = models.PositiveSmallIntegerField(null=True, blank=True)
    """Number of the calibration set that it belongs to; None for the sample proper."""

    objects = MainSample()
    everything: ClassVar[models.Manager["SampledLatent"]] = models.Manager()

    class Meta:
        base_manager_name = "everything"
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
