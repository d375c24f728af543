"""Blinded readings: given only a colleague's label and rationale, which unseen snippets should fire? Append-only."""

from django.db import models

from annotation.enums import SlotState
from annotation.models.people import Institution, User
from annotation.models.ratings import Rating
from annotation.models.rounds import Round
from annotation.models.studies import Study


class ReadingSlot(models.Model):
    """One place for one reader on one rationale. Its snippets are fixed when it is laid out."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="reading_slots")
    rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="reading_slots")
    number = models.PositiveSmallIntegerField()
    snippets = models.JSONField()
    """Ids of held-out snippets in the order in which they are shown."""
    turn = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=20, choices=SlotState.choices, default=SlotState.OPEN)
    reader = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lease_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "rating", "number"], name="reading_slot_number_unique"),
            models.UniqueConstraint(
                fields=["rating", "reader"],
                name="reading_slot_once_per_reader",
                condition=models.Q(reader__isnull=False),
            ),
            models.CheckConstraint(
                name="reading_slot_lease_matches_state",
                condition=models.Q(
                    state=SlotState.OPEN, reader__isnull=True, lease_token__isnull=True, lease_expires_at__isnull=True
                )
                | models.Q(
                    state=SlotState.LEASED,
                    reader__isnull=False,
                    lease_token__isnull=False,
                    lease_expires_at__isnull=False,
                )
                | models.Q(
                    state=SlotState.SUBMITTED,
                    reader__isnull=False,
                    lease_token__isnull=True,
                    lease_expires_at__isnull=True,
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["round", "turn", "id"], name="reading_slot_open", condition=models.Q(state=SlotState.OPEN)
            ),
            models.Index(
                fields=["lease_expires_at"],
                name="reading_slot_leased_until",
                condition=models.Q(state=SlotState.LEASED),
            ),
            models.Index(
                fields=["reader", "round"], name="reading_slot_of_reader", condition=models.Q(reader__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"reading place {self.number} of rating {self.rating_id}"


class Reading(models.Model):
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="readings")
    slot = models.OneToOneField(ReadingSlot, on_delete=models.PROTECT, related_name="reading")
    rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="readings")
    reader = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT)
    judgements = models.JSONField()
    """{snippet: true where the reader says that it should fire}."""
    balanced_accuracy = models.FloatField()
    submit_token = models.UUIDField(unique=True)
    active_seconds = models.FloatField(null=True, blank=True)
    submitted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="reading_accuracy_is_a_share", condition=models.Q(balanced_accuracy__range=(0, 1))
            ),
        ]

    def __str__(self) -> str:
        return f"reading of rating {self.rating_id} by {self.reader_id}"
