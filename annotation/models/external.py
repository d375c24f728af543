"""Ratings that were made elsewhere: where they come from, and who stands for whom. Append-only, as ratings are."""

from django.db import models

from annotation.models.people import Institution, Membership, User
from annotation.models.rounds import Round


class ExternalRound(models.Model):
    """The provenance of a round of kind `external`, whose ratings came in a file."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="external")
    tool = models.CharField(max_length=40)
    """label-studio"""
    source = models.TextField()
    """Where the ratings were made, and on what terms they may be used, in words."""
    exported_by = models.CharField(max_length=120)
    """Who exported them there, in words."""
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+")
    """Of the raters."""
    file = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    """sha256 of the file."""
    counts = models.BooleanField()
    """Whether the statistics take its ratings: said by the researcher at import, and final."""
    passed = models.JSONField(default=dict)
    """What of the file was passed over: why, to how many."""
    imported_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """None where it was done on the command line in nobody's name."""
    imported_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"provenance of round {self.round_id}"


class ExternalRater(models.Model):
    """A rater of a file under her pseudonym here. Who she is over there is kept as a digest with this site's key."""

    membership = models.OneToOneField(Membership, on_delete=models.PROTECT, related_name="external")
    annotator = models.CharField(max_length=64)
    """The same for one annotator of one institution in every file; nothing to anyone without this site's key."""

    def __str__(self) -> str:
        return f"external rater {self.membership_id}"
