"""Who did what when: one hash chain per study, written by a trigger, append-only for every client."""

from django.db import models

from annotation.enums import AuditVerb


class AuditEvent(models.Model):
    """No foreign keys, so that the log never stands in the way of live data.

    `number`, `previous` and `digest` are filled in by the database, whoever inserts:
    digest = sha256(previous, number, study, time in microseconds, actor, verb, target, detail as text).
    """

    study = models.BigIntegerField(default=0)
    """Study id; 0 for what belongs to no study."""
    number = models.BigIntegerField(editable=False)
    at = models.DateTimeField()
    actor = models.BigIntegerField(default=0)
    """User id; 0 for the system itself."""
    verb = models.CharField(max_length=40, choices=AuditVerb.choices)
    target = models.CharField(max_length=120)
    """Kind and id, e.g. rating:812."""
    detail = models.JSONField(default=dict)
    """Ids, counts and digests; never text of a note or a rationale."""
    previous = models.CharField(max_length=64, editable=False)
    digest = models.CharField(max_length=64, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="audit_number_unique_in_study")]

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"
