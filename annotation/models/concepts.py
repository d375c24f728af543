"""What is said of a study's concepts after raters typed them: one is another, is narrower, has a code. Append-only."""

from django.db import models

from annotation.enums import CodeSystem, ConceptFactKind
from annotation.models.people import User
from annotation.models.studies import Concept, Study

_UNCODED = models.Q(system="", code="", term="", release="", above=[])
_SAYS = {
    ConceptFactKind.MERGED: models.Q(other__isnull=False, withdraws__isnull=True) & _UNCODED,
    ConceptFactKind.NARROWER: models.Q(other__isnull=False, withdraws__isnull=True) & _UNCODED,
    ConceptFactKind.CODED: models.Q(other__isnull=True, withdraws__isnull=True, system__in=CodeSystem.values)
    & ~models.Q(code="")
    & ~models.Q(term="")
    & ~models.Q(release=""),
    ConceptFactKind.WITHDRAWN: models.Q(other__isnull=True, withdraws__isnull=False) & _UNCODED,
}


def _each_kind_says_its_own() -> models.Q:
    said = models.Q()
    for kind, says in _SAYS.items():
        said |= models.Q(kind=kind) & says
    return said


class ConceptFact(models.Model):
    """A fact stands until a later one, of kind `withdrawn`, takes it back. Ratings keep what was typed.

    Triggers hold that both concepts and the fact taken back are of the study, that a concept is merged once and coded
    once in a system, and that nothing is, over any number of steps, merged into itself or narrower than itself.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="concept_facts")
    kind = models.CharField(max_length=20, choices=ConceptFactKind.choices)
    concept = models.ForeignKey(Concept, on_delete=models.PROTECT, related_name="facts")
    """Whom it is about: the one that goes, the narrower one, the coded one; the same again where it is taken back."""
    other = models.ForeignKey(
        Concept, on_delete=models.PROTECT, null=True, blank=True, related_name="facts_leading_here"
    )
    """The one that stays; the broader one."""
    system = models.CharField(max_length=20, blank=True)
    code = models.CharField(max_length=20, blank=True)
    term = models.CharField(max_length=400, blank=True)
    """The code's own name in that release, unchanged."""
    release = models.CharField(max_length=60, blank=True)
    above = models.JSONField(default=list, blank=True)
    """[[code, term, [codes right above it]], ...]: the code itself and all that is above it in that release, so that
    the hierarchy of a stored result needs no file and never changes under it."""
    withdraws = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="withdrawn_by"
    )
    reason = models.TextField(blank=True)
    stated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="concept_fact_says_what_its_kind_says", condition=_each_kind_says_its_own()),
            models.CheckConstraint(
                name="concept_fact_of_two_concepts",
                condition=models.Q(other__isnull=True) | ~models.Q(other=models.F("concept")),
            ),
            models.CheckConstraint(
                name="concept_fact_says_why",
                condition=models.Q(kind=ConceptFactKind.CODED) | ~models.Q(reason__regex=r"^\s*$"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.concept_id} {self.kind} {self.other_id or self.code or self.withdraws_id}"
