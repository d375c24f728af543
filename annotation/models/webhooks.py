"""Addresses that are told when something happens in a study, and every attempt to tell them."""

from django.db import models

from annotation.enums import DeliveryState, WebhookKind
from annotation.models.people import User
from annotation.models.studies import Study


class WebhookHost(models.Model):
    """A machine that an administrator allowed to be told. Nothing is sent to any other."""

    name = models.CharField(max_length=253, unique=True)
    """Host name or address in small letters, with `:port` where it is not the scheme's own."""
    plain = models.BooleanField(default=False)
    """Whether `http` without TLS is allowed, as inside one's own house."""
    allowed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Webhook(models.Model):
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="webhooks")
    url = models.CharField(max_length=500)
    kinds = models.JSONField()
    """Of WebhookKind, sorted."""
    secret = models.TextField()
    """The signing key, sealed (actions.sealing): shown once, when the webhook is made."""
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_because = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="webhook_stopped_says_why",
                condition=models.Q(stopped_at=None, stopped_because="")
                | (models.Q(stopped_at__isnull=False) & ~models.Q(stopped_because="")),
            ),
            models.CheckConstraint(name="webhook_tells_something", condition=~models.Q(kinds=[])),
        ]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One thing to tell one webhook. Written with what happened, in its transaction; sent until it is acknowledged."""

    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries")
    event = models.BigIntegerField()
    """Id of the audit event that it tells of; 0 for one that tries the address."""
    kind = models.CharField(max_length=20, choices=WebhookKind.choices)
    body = models.JSONField()
    """Ids, numbers and times; no text of a note, a rationale or a label."""
    state = models.CharField(max_length=20, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=200, blank=True)
    """What the last attempt came to, in words."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "event"], condition=~models.Q(event=0), name="webhook_told_once_of_an_event"
            ),
            models.CheckConstraint(
                name="delivery_ended_has_a_time",
                condition=models.Q(state=DeliveryState.WAITING, ended_at=None)
                | (~models.Q(state=DeliveryState.WAITING) & models.Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state=DeliveryState.WAITING), name="delivery_due")
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.webhook_id}"
