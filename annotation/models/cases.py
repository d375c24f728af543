"""What stays ambiguous and what a senior physician made of it: decisions stand beside the ratings, never over them."""

from django.db import models

from annotation.enums import CaseState, DecisionOutcome, DisagreementCause
from annotation.models.people import User
from annotation.models.studies import Concept, SampledLatent, Study


class Case(models.Model):
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="cases")
    latent = models.OneToOneField(SampledLatent, on_delete=models.PROTECT, related_name="case")
    state = models.CharField(max_length=20, choices=CaseState.choices, default=CaseState.OPEN)
    why = models.TextField()
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="case_state_known", condition=models.Q(state__in=CaseState.values))]

    def __str__(self) -> str:
        return f"case {self.pk}"


class Decision(models.Model):
    """Append-only. The adjudicator is never one of the latent's raters (trigger)."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="decision")
    adjudicator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=20, choices=DecisionOutcome.choices)
    concept = models.ForeignKey(Concept, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cause = models.CharField(max_length=30, choices=DisagreementCause.choices)
    rubric_needs_clause = models.BooleanField(default=False)
    rationale = models.TextField()
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="decision_outcome_known", condition=models.Q(outcome__in=DecisionOutcome.values)
            ),
            models.CheckConstraint(name="decision_cause_known", condition=models.Q(cause__in=DisagreementCause.values)),
            models.CheckConstraint(name="decision_says_why", condition=~models.Q(rationale__regex=r"^\s*$")),
            models.CheckConstraint(
                name="decision_concept_if_concept",
                condition=models.Q(outcome=DecisionOutcome.CONCEPT, concept__isnull=False)
                | (~models.Q(outcome=DecisionOutcome.CONCEPT) & models.Q(concept__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"decision on case {self.case_id}"
