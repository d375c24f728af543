"""What scripts come in by, and what they were answered."""

from django.db import models

from annotation.enums import TokenScope
from annotation.models.people import User
from annotation.models.studies import Study


class ApiToken(models.Model):
    """Lets a script do in one study what its person may, as far as its scopes go. Only the token's digest is kept."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=80)
    """What it is for, in its owner's words."""
    scopes = models.JSONField()
    """Of annotation.enums.TokenScope."""
    digest = models.CharField(max_length=64, unique=True)
    ending = models.CharField(max_length=4)
    """Its last characters, by which its owner knows it again."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    """To the minute."""
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="api_token_has_name", condition=~models.Q(name__regex=r"^\s*$")),
            models.CheckConstraint(name="api_token_has_scopes", condition=~models.Q(scopes=[])),
            models.CheckConstraint(
                name="api_token_scopes_known", condition=models.Q(scopes__contained_by=TokenScope.values)
            ),
            models.CheckConstraint(
                name="api_token_expires_later", condition=models.Q(expires_at__gt=models.F("created_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"token {self.name} of {self.user_id}"


class StoredAnswer(models.Model):
    """What a request with an Idempotency-Key was answered, to be answered again. Gone after a day; holds no text."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    """Of method, address and body: the same key with another one is refused."""
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.JSONField(null=True)
    stored_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="stored_answer_once_per_key")]

    def __str__(self) -> str:
        return f"answer to {self.key} of {self.user_id}"
