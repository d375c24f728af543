"""What stays ambiguous and what senior physicians made of it: decisions stand beside the ratings, never over them."""

from typing import ClassVar

from django.db import models

from annotation.enums import (
    CaseKind,
    CaseState,
    CaseStepKind,
    DecisionOutcome,
    DisagreementCause,
    SignatureMethod,
)
from annotation.models.people import User
from annotation.models.studies import Concept, SampledLatent, Study


class FirstLook(models.Manager["Case"]):
    """The one case of each latent: second opinions and repeats are not among them."""

    def get_queryset(self) -> models.QuerySet["Case"]:
        return super().get_queryset().filter(kind=CaseKind.FIRST)


class Case(models.Model):
    """A latent before an adjudicator. `objects` and `study.cases` hold what counts, `everything` also what stands by.

    To the adjudicator whom it asks, a second opinion or a repeat is a case like any other, with a number of its own:
    nothing that she sees of it tells that the latent has been before somebody, or before herself.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="cases")
    latent = models.ForeignKey(SampledLatent, on_delete=models.PROTECT, related_name="cases")
    kind = models.CharField(max_length=20, choices=CaseKind.choices, default=CaseKind.FIRST)
    state = models.CharField(max_length=20, choices=CaseState.choices, default=CaseState.OPEN)
    why = models.TextField()
    opened_at = models.DateTimeField()
    asks = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """The only adjudicator who may decide it: it was handed to her, or is put to her apart. None: any of the study."""
    beside = models.ForeignKey("Decision", on_delete=models.PROTECT, null=True, blank=True, related_name="put_beside")
    """The decision that a second opinion or a repeat is compared with."""
    deferred_until = models.DateTimeField(null=True, blank=True)
    """It waits for this moment; an adjudicator may still take it up before."""

    objects = FirstLook()
    everything: ClassVar[models.Manager["Case"]] = models.Manager()

    class Meta:
        base_manager_name = "everything"
        constraints = [
            models.CheckConstraint(name="case_state_known", condition=models.Q(state__in=CaseState.values)),
            models.CheckConstraint(name="case_kind_known", condition=models.Q(kind__in=CaseKind.values)),
            models.UniqueConstraint(
                fields=["latent"], name="case_once_a_latent", condition=models.Q(kind=CaseKind.FIRST)
            ),
            models.UniqueConstraint(
                fields=["kind", "beside"], name="case_beside_once", condition=models.Q(beside__isnull=False)
            ),
            models.CheckConstraint(
                name="case_beside_what_and_whom",
                condition=models.Q(kind=CaseKind.FIRST, beside__isnull=True)
                | (~models.Q(kind=CaseKind.FIRST) & models.Q(beside__isnull=False, asks__isnull=False)),
            ),
            models.CheckConstraint(
                name="case_given_back_only_beside",
                condition=~models.Q(kind=CaseKind.FIRST) | ~models.Q(state=CaseState.GIVEN_BACK),
            ),
        ]
        indexes = [
            models.Index(fields=["asks", "state"], name="case_asks", condition=models.Q(asks__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}"


class CaseStep(models.Model):
    """What an adjudicator did with a case besides deciding it. Append-only."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=20, choices=CaseStepKind.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField()
    until = models.DateTimeField(null=True, blank=True)
    """Where it was deferred."""
    to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """Whom it was handed to."""

    class Meta:
        constraints = [
            models.CheckConstraint(name="case_step_kind_known", condition=models.Q(kind__in=CaseStepKind.values)),
            models.CheckConstraint(name="case_step_says_why", condition=~models.Q(reason__regex=r"^\s*$")),
            models.CheckConstraint(
                name="case_step_until_if_deferred",
                condition=models.Q(kind=CaseStepKind.DEFERRED, until__isnull=False)
                | (~models.Q(kind=CaseStepKind.DEFERRED) & models.Q(until__isnull=True)),
            ),
            models.CheckConstraint(
                name="case_step_to_if_handed",
                condition=models.Q(kind__in=CaseStepKind.handing(), to__isnull=False)
                | (~models.Q(kind__in=CaseStepKind.handing()) & models.Q(to__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.case_id} {self.kind}"


class Signature(models.Model):
    """What somebody put her name to: the words, when, how she showed that it is she, and digests. Append-only."""

    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    method = models.CharField(max_length=20, choices=SignatureMethod.choices)
    meaning = models.TextField()
    """The sentences above which she signed."""
    ratings = models.JSONField(default=list)
    """Ids of the ratings that she was shown."""
    ratings_digest = models.CharField(max_length=64)
    """SHA-256 of what those ratings say (rules.signing)."""
    digest = models.CharField(max_length=64)
    """SHA-256 of all that was signed (rules.signing)."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="signature_method_known", condition=models.Q(method__in=SignatureMethod.values)
            ),
            models.CheckConstraint(name="signature_has_meaning", condition=~models.Q(meaning__regex=r"^\s*$")),
        ]

    def __str__(self) -> str:
        return f"signature {self.pk}"


class Decision(models.Model):
    """Append-only. The adjudicator is neither a rater of the latent nor did she set its reference (trigger).

    The decisions of a case form one chain: the first supersedes none, each later one the newest before it.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    adjudicator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=20, choices=DecisionOutcome.choices)
    concept = models.ForeignKey(Concept, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cause = models.CharField(max_length=30, choices=DisagreementCause.choices)
    rubric_needs_clause = models.BooleanField(default=False)
    clause = models.TextField(blank=True)
    """The words that the rubric should gain."""
    rationale = models.TextField()
    decided_at = models.DateTimeField()
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    reason = models.TextField(blank=True)
    """Why it takes the place of the one before; empty for the first."""
    signature = models.OneToOneField(Signature, on_delete=models.PROTECT, related_name="decision")

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
            models.CheckConstraint(
                name="decision_clause_if_needed",
                condition=models.Q(rubric_needs_clause=True) | models.Q(clause__regex=r"^\s*$"),
            ),
            models.UniqueConstraint(
                fields=["case"], name="decision_first_once_a_case", condition=models.Q(supersedes__isnull=True)
            ),
            models.CheckConstraint(
                name="decision_says_why_it_supersedes",
                condition=models.Q(supersedes__isnull=True, reason="")
                | (models.Q(supersedes__isnull=False) & ~models.Q(reason__regex=r"^\s*$")),
            ),
        ]

    def __str__(self) -> str:
        return f"decision on case {self.case_id}"


class CaseDraft(models.Model):
    """What an adjudicator has entered and not yet signed. Overwritten as she works; gone once she signs."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="drafts")
    adjudicator = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    answers = models.JSONField(default=dict)
    saved_at = models.DateTimeField()
    number = models.PositiveIntegerField(default=1)
    window = models.CharField(max_length=36, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "adjudicator"], name="case_draft_once")]

    def __str__(self) -> str:
        return f"draft on case {self.case_id}"


class CaseDigest(models.Model):
    """An e-mail that said how many cases wait. Append-only."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="case_digests")
    sent_at = models.DateTimeField()
    waiting = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"digest to {self.user_id}"
