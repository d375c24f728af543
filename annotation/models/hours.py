"""What a coordinator did for her raters: reminders sent, and hours signed off for payment or credit."""

from django.db import models

from annotation.models.people import Membership, User


class Reminder(models.Model):
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="reminders")
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"reminder to {self.membership_id}"


class HoursStatement(models.Model):
    """Append-only: a correction is a new statement over the same days."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="hours")
    first_day = models.DateField()
    last_day = models.DateField()
    ratings = models.PositiveIntegerField()
    readings = models.PositiveIntegerField()
    seconds = models.FloatField()
    """Active seconds, as the browsers counted them."""
    uncounted = models.PositiveIntegerField(default=0)
    """Ratings and readings whose browser counted no time."""
    hourly_rate = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    """What the study paid an hour when it was signed; None where it paid none."""
    currency = models.CharField(max_length=3, blank=True)
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="hours_days_in_order", condition=models.Q(last_day__gte=models.F("first_day"))),
        ]

    def __str__(self) -> str:
        return f"hours of {self.membership_id}, {self.first_day} to {self.last_day}"
