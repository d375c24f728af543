"""What follows from the ratings. Every row carries the digest of its inputs, so that "stale" is computed."""

from typing import ClassVar

from django.db import models

from annotation.models.studies import SampledLatent, Study


class CompleteRuns(models.Manager["ResultRun"]):
    """Runs that hold all that pages, verdicts and releases read; those under way are not among them."""

    def get_queryset(self) -> models.QuerySet["ResultRun"]:
        return super().get_queryset().filter(complete=True)


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
    """When its inputs were read."""
    seconds = models.FloatField()
    """Of work; what a worker did for others in between is not among them."""
    complete = models.BooleanField(default=True)
    """False while its steps (models.result_steps) are under way."""
    seen = models.JSONField(default=dict)
    """queries.watermarks when its inputs were read: other ones now make it stale."""
    judged_with = models.JSONField(null=True, blank=True)
    """By which thresholds, and among how many institutions, its latents were last judged; None before."""
    left_out_with = models.JSONField(null=True, blank=True)
    """By which thresholds its sensitivity was laid out; None before."""
    left_out_rounds = models.JSONField(null=True, blank=True)
    """... and how many extra rounds each sampled latent had used by then, by id, those without any left out."""

    objects = CompleteRuns()
    everything: ClassVar[models.Manager["ResultRun"]] = models.Manager()

    class Meta:
        base_manager_name = "everything"
        constraints = [models.UniqueConstraint(fields=["study", "input_digest"], name="result_once_per_input")]

    def __str__(self) -> str:
        return f"results of {self.study_id} from {self.ratings} ratings"


class Agreement(models.Model):
    run = models.ForeignKey(ResultRun, on_delete=models.PROTECT, related_name="agreements")
    item = models.SlugField(max_length=40)
    scope = models.CharField(max_length=60)
    """rules.scopes says which there are: `all`, `as-typed`, `version:<number>`, `round:<number>`, ..."""
    coefficient = models.CharField(max_length=40)
    """alpha, ac1, ac2 or raw."""
    level = models.CharField(max_length=20)
    """nominal, ordinal, interval, sets, or hierarchy: concepts, a broader one counting as a near miss."""
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
            models.UniqueConstraint(fields=["run", "item", "scope", "coefficient", "level"], name="agreement_once"),
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
    breakdown = models.JSONField(default=list, blank=True)
    """Of each rater who counts here (science.explain): what her answer weighed, where that came from, and what the
    answer would be without her."""

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
    calibration = models.PositiveIntegerField(default=0)
    """First answers to calibration latents that have a reference."""
    repeats = models.PositiveIntegerField(default=0)
    """Latents that she read again, and of these ..."""
    repeats_matched = models.PositiveIntegerField(default=0)
    """... those where she answered the same."""
    mean_weight = models.FloatField(default=1.0)
    """Mean over her answers of omega: how far institution and repeats left them one whole vote."""
    cannot_tell = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "rater reliabilities"
        constraints = [models.UniqueConstraint(fields=["run", "item", "pseudonym"], name="reliability_once")]

    def __str__(self) -> str:
        return f"{self.pseudonym} on {self.item}"


def _value_or_reason(name: str, value: str) -> models.CheckConstraint:
    """A figure, or a sentence that says why there is none; never both, never neither."""
    given = models.Q(**{f"{value}__isnull": False, "undefined_reason": ""})
    return models.CheckConstraint(
        name=name, condition=given | (models.Q(**{f"{value}__isnull": True}) & ~models.Q(undefined_reason=""))
    )


class PairAgreement(models.Model):
    """Two raters, on the latents that both rated."""

    run = models.ForeignKey(ResultRun, on_delete=models.PROTECT, related_name="pair_agreements")
    item = models.SlugField(max_length=40)
    first = models.CharField(max_length=12)
    second = models.CharField(max_length=12)
    """Pseudonyms; `first` sorts before `second`."""
    latents = models.PositiveIntegerField()
    raw = models.FloatField(null=True, blank=True)
    """Share of the latents with the same answer; None without any."""
    kappa = models.FloatField(null=True, blank=True)
    """Cohen's, on a scale with quadratic weights."""
    undefined_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "item", "first", "second"], name="pair_agreement_once"),
            models.CheckConstraint(name="pair_in_order", condition=models.Q(first__lt=models.F("second"))),
            _value_or_reason("pair_agreement_value_or_reason", "kappa"),
        ]

    def __str__(self) -> str:
        return f"{self.first} and {self.second} on {self.item}"


class LatentAgreement(models.Model):
    """How far the raters of one latent agree."""

    run = models.ForeignKey(ResultRun, on_delete=models.PROTECT, related_name="latent_agreements")
    latent = models.ForeignKey(SampledLatent, on_delete=models.PROTECT, related_name="latent_agreements")
    item = models.SlugField(max_length=40)
    ratings = models.PositiveIntegerField()
    raw = models.FloatField(null=True, blank=True)
    """Share of rater pairs with the same answer; None with fewer than two ratings."""
    beyond_chance = models.FloatField(null=True, blank=True)
    """1 minus its disagreement over that expected in the whole study; averages to alpha."""
    undefined_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "latent", "item"], name="latent_agreement_once"),
            _value_or_reason("latent_agreement_value_or_reason", "beyond_chance"),
        ]

    def __str__(self) -> str:
        return f"agreement on {self.item} of {self.latent_id}"


class Sensitivity(models.Model):
    """What agreement, accepted labels and cases become with one rater, institution or round left out."""

    run = models.ForeignKey(ResultRun, on_delete=models.PROTECT, related_name="sensitivities")
    item = models.SlugField(max_length=40)
    kind = models.CharField(
        max_length=20, choices=[(kind, kind) for kind in ("nobody", "rater", "institution", "round")]
    )
    left_out = models.CharField(max_length=60, blank=True)
    """Pseudonym, institution code or round number; empty for `nobody`, the figures to compare with."""
    alpha = models.FloatField(null=True, blank=True)
    undefined_reason = models.TextField(blank=True)
    accepted = models.PositiveIntegerField(null=True, blank=True)
    needs_raters = models.PositiveIntegerField(null=True, blank=True)
    recruiting = models.PositiveIntegerField(null=True, blank=True)
    persistent = models.PositiveIntegerField(null=True, blank=True)
    """Latents by what the study's rule makes of them; None on items that decide nothing."""
    changed = models.JSONField(default=list, blank=True)
    """[{"latent": id of SampledLatent, "before": label, "after": label or null}] of the labels that were accepted."""

    class Meta:
        verbose_name_plural = "sensitivities"
        constraints = [
            models.UniqueConstraint(fields=["run", "item", "kind", "left_out"], name="sensitivity_once"),
            models.CheckConstraint(
                name="sensitivity_kind_known",
                condition=models.Q(kind__in=("rater", "institution", "round")) & ~models.Q(left_out="")
                | models.Q(kind="nobody", left_out=""),
            ),
            _value_or_reason("sensitivity_value_or_reason", "alpha"),
        ]

    def __str__(self) -> str:
        return f"{self.item} without {self.kind} {self.left_out}"


class InstitutionHabit(models.Model):
    """How much more one institution's raters agree with each other than with others, and what that does to weights."""

    run = models.ForeignKey(ResultRun, on_delete=models.PROTECT, related_name="institution_habits")
    item = models.SlugField(max_length=40)
    institution = models.CharField(max_length=20)
    """Code; empty where the effect is undefined for the whole study."""
    rho = models.FloatField(null=True, blank=True)
    within = models.FloatField(null=True, blank=True)
    cross = models.FloatField(null=True, blank=True)
    within_pairs = models.PositiveIntegerField(default=0)
    cross_pairs = models.PositiveIntegerField(default=0)
    undefined_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "item", "institution"], name="institution_habit_once"),
            _value_or_reason("institution_habit_value_or_reason", "rho"),
        ]

    def __str__(self) -> str:
        return f"{self.institution} on {self.item}"


class ScorerStanding(models.Model):
    """Whether one scorer of rationales tells right labels from wrong ones, and so whether it counts."""

    run = models.ForeignKey(ResultRun, on_delete=models.PROTECT, related_name="scorer_standings")
    item = models.SlugField(max_length=40)
    scorer = models.CharField(max_length=60)
    on = models.BooleanField()
    mean_right = models.FloatField()
    mean_wrong = models.FloatField()
    spread = models.FloatField()
    scores = models.PositiveIntegerField()
    calibration_scores = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "item", "scorer"], name="scorer_standing_once")]

    def __str__(self) -> str:
        return f"{self.scorer} on {self.item}"
