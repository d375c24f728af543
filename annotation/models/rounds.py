"""Who is asked what: rounds, their frozen concept list, slots and leases, drafts."""

from django.db import models

from annotation.enums import RoundKind, RoundState, SlotState
from annotation.models.people import Institution, User
from annotation.models.rubrics import RubricVersion
from annotation.models.studies import Concept, SampledLatent, Study


class Round(models.Model):
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    """A retest has the number of the round that it repeats: raters see it, and a gap or a number would tell them."""
    kind = models.CharField(max_length=20, choices=RoundKind.choices)
    state = models.CharField(max_length=20, choices=RoundState.choices, default=RoundState.DRAFT)
    rubric = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="rounds")
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    concepts = models.ManyToManyField(Concept, related_name="+", blank=True)
    """The list that raters of this round may be offered, frozen when it opened."""
    repeats = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="repeated_by")
    """The round whose ratings a retest or an "asked again" round asks for once more."""
    calibration_set = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "number"],
                name="round_number_unique_in_study",
                condition=~models.Q(kind=RoundKind.RETEST),
            ),
            models.UniqueConstraint(
                fields=["repeats"], name="round_one_retest", condition=models.Q(kind=RoundKind.RETEST)
            ),
            models.CheckConstraint(name="round_kind_known", condition=models.Q(kind__in=RoundKind.values)),
            models.CheckConstraint(
                name="round_repeats_where_it_repeats",
                condition=models.Q(kind__in=[RoundKind.RETEST, RoundKind.AGAIN], repeats__isnull=False)
                | (~models.Q(kind__in=[RoundKind.RETEST, RoundKind.AGAIN]) & models.Q(repeats__isnull=True)),
            ),
            models.CheckConstraint(
                name="round_calibration_has_set",
                condition=models.Q(kind=RoundKind.CALIBRATION, calibration_set__isnull=False)
                | (~models.Q(kind=RoundKind.CALIBRATION) & models.Q(calibration_set__isnull=True)),
            ),
            models.CheckConstraint(
                name="round_times_match_state",
                condition=models.Q(state=RoundState.DRAFT, opened_at__isnull=True, closed_at__isnull=True)
                | models.Q(state=RoundState.OPEN, opened_at__isnull=False, closed_at__isnull=True)
                | models.Q(state=RoundState.CLOSED, opened_at__isnull=False, closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"round {self.number} ({self.get_kind_display().lower()})"


class Slot(models.Model):
    """One place for one rater on one latent in one round. Overlap is a fact of uniqueness, not a count."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="slots")
    latent = models.ForeignKey(SampledLatent, on_delete=models.PROTECT, related_name="slots")
    number = models.PositiveSmallIntegerField()
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, null=True, blank=True)
    """The institution whose raters may take it; None for any."""
    reserved_for = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """The only rater who may take it: a retest, a calibration item, a place that a coordinator gave her."""
    not_before = models.DateTimeField(null=True, blank=True)
    priority = models.IntegerField(default=0)
    """Lower is handed out first."""
    turn = models.PositiveIntegerField(default=0)
    """Place in the round's shuffled order, 0 to 2^31 - 1, of the study's seed. Each rater begins elsewhere in it."""
    state = models.CharField(max_length=20, choices=SlotState.choices, default=SlotState.OPEN)
    rater = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "latent", "number"], name="slot_number_unique"),
            models.UniqueConstraint(
                fields=["round", "latent", "rater"],
                name="slot_once_per_rater",
                condition=models.Q(rater__isnull=False),
            ),
            models.CheckConstraint(
                name="slot_lease_matches_state",
                condition=models.Q(
                    state=SlotState.OPEN, rater__isnull=True, lease_token__isnull=True, lease_expires_at__isnull=True
                )
                | models.Q(
                    state=SlotState.LEASED,
                    rater__isnull=False,
                    lease_token__isnull=False,
                    lease_expires_at__isnull=False,
                )
                | models.Q(
                    state=SlotState.SUBMITTED,
                    rater__isnull=False,
                    lease_token__isnull=True,
                    lease_expires_at__isnull=True,
                ),
            ),
        ]
        indexes = [
            # The claim walks this index; without it stale statistics walk the primary key.
            models.Index(
                fields=["round", "priority", "turn", "id"],
                name="slot_open_in_turn",
                condition=models.Q(state=SlotState.OPEN, reserved_for__isnull=True),
            ),
            models.Index(
                fields=["reserved_for", "round"],
                name="slot_open_reserved",
                condition=models.Q(state=SlotState.OPEN, reserved_for__isnull=False),
            ),
            models.Index(
                fields=["lease_expires_at"], name="slot_leased_until", condition=models.Q(state=SlotState.LEASED)
            ),
            models.Index(fields=["rater", "round"], name="slot_of_rater", condition=models.Q(rater__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"slot {self.number} of {self.latent_id}"


class Decline(models.Model):
    """A latent that a rater gave back as not her field. It is not handed to her again, and counts against nobody."""

    latent = models.ForeignKey(SampledLatent, on_delete=models.PROTECT, related_name="declines")
    rater = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="declines")
    declined_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["latent", "rater"], name="decline_once_per_rater")]

    def __str__(self) -> str:
        return f"{self.latent_id} declined by {self.rater_id}"


class Draft(models.Model):
    """What a rater has entered and not yet submitted. Overwritten as she works; gone once she submits."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE)
    latent = models.ForeignKey(SampledLatent, on_delete=models.CASCADE)
    rater = models.ForeignKey(User, on_delete=models.CASCADE)
    answers = models.JSONField(default=dict)
    saved_at = models.DateTimeField()
    number = models.PositiveIntegerField(default=1)
    """How often it was saved: a window that knows an older number must not overwrite a newer draft unasked."""
    window = models.CharField(max_length=36, blank=True)
    """Random name of the browser window that saved it last."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "latent", "rater"], name="draft_once_per_rater")]

    def __str__(self) -> str:
        return f"draft of {self.rater_id} on {self.latent_id}"
