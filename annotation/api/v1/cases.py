"""Cases as the caller may see them, blinded like their page. They are decided there alone, by a signature."""

from typing import Any, ClassVar

from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.v1.base import Place, StudyView
from annotation.api.v1.listing import PageQuery, listed, of_list
from annotation.api.v1.operations import Operation, of_items
from annotation.api.v1.shared_shapes import OpinionShape, ShownSnippetShape, opinion_of
from annotation.enums import CaseState, DecisionOutcome, DisagreementCause, Fit, Role, TokenScope
from annotation.queries.case_history import SignedDecision
from annotation.queries.case_queue import QueuedCase, Standing, case_queue
from annotation.queries.case_sheet import PointedGroup, PointedSnippet, QuotedOpinion, case_sheet
from annotation.rules.refusal import NotYours, Refused

TAG = "Cases"
STANDINGS = [standing.value for standing in Standing]
READERS = (Role.ADJUDICATOR, Role.RESEARCHER)


class CaseQuery(PageQuery):
    standing = serializers.ChoiceField(
        choices=STANDINGS,
        required=False,
        help_text="How it stands to you: it waits for you, your `own` latent is decided by others, `later` is hidden.",
    )


class CaseSummary(serializers.Serializer[Any]):
    """A case in the queue. Of one that you may not open, no more than its number and how it stands to you."""

    id = serializers.IntegerField()
    standing = serializers.ChoiceField(choices=STANDINGS)
    opened_at = serializers.DateTimeField()
    visible = serializers.BooleanField()
    why = serializers.CharField(allow_null=True)
    opinions = serializers.IntegerField(allow_null=True)
    deferred_until = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(
        choices=DecisionOutcome.choices, allow_null=True, help_text="Null while open, and for who may be asked again."
    )


class PointerShape(serializers.Serializer[Any]):
    """Words that an opinion's rationale points at."""

    letter = serializers.CharField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    words = serializers.CharField()


class VerdictShape(serializers.Serializer[Any]):
    fit = serializers.ChoiceField(choices=Fit.choices)
    letters = serializers.ListField(child=serializers.CharField())


class CaseSnippet(ShownSnippetShape):
    """A snippet with what the opinions say about it."""

    group = serializers.CharField()
    name = serializers.CharField()
    pointers = PointerShape(many=True)
    verdicts = VerdictShape(many=True)


class CaseOpinion(OpinionShape):
    closed = serializers.IntegerField(help_text="Places of hers in snippets that are not shown any more.")


class LookAlikeShape(serializers.Serializer[Any]):
    """A latent like this one that has been decided."""

    case = serializers.IntegerField()
    outcome = serializers.CharField()
    concept = serializers.CharField()
    cosine = serializers.FloatField(allow_null=True)


class DecisionShape(serializers.Serializer[Any]):
    """A signed decision. It stands beside the ratings, never over them."""

    outcome = serializers.ChoiceField(choices=DecisionOutcome.choices)
    concept = serializers.CharField()
    cause = serializers.ChoiceField(choices=DisagreementCause.choices)
    rationale = serializers.CharField()
    clause = serializers.CharField(help_text="Words that the rubric should gain.")
    decided_at = serializers.DateTimeField()
    by = serializers.CharField(help_text="You, another adjudicator, or a pseudonym for who directs the study.")
    current = serializers.BooleanField()
    signature_holds = serializers.BooleanField(help_text="What is stored is what was signed.")


class CaseDetail(serializers.Serializer[Any]):
    """A case: every opinion without names and in random order, the snippets, and what was decided."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=CaseState.choices)
    why = serializers.CharField()
    opened_at = serializers.DateTimeField()
    conflict = serializers.BooleanField(help_text="You have a part in the latent yourself, and cannot decide.")
    opinions = CaseOpinion(many=True)
    snippets = CaseSnippet(many=True)
    look_alikes = LookAlikeShape(many=True)
    decisions = DecisionShape(many=True, help_text="Newest first.")
    page = serializers.CharField(help_text="Where it is decided, by an adjudicator who enters her password to sign.")


class Cases(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_cases",
            tag=TAG,
            summary="The queue of cases",
            scope=TokenScope.READ,
            roles=READERS,
            query=CaseQuery,
            answers={200: of_items(CaseSummary)},
        )
    }

    def get(self, request: Request, study: str) -> Response:
        place = self.place
        queue = case_queue(study=place.study, user=place.user, roles=place.roles, now=timezone.now())
        standing = self.query.get("standing")
        wanted = [entry for entry in queue if standing in (None, entry.standing.value)]
        page = of_list(wanted, self.query, key=lambda entry: entry.pk)
        return listed(request, page, CaseSummary([_summary(entry, place) for entry in page.rows], many=True).data)


class OneCase(StudyView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_case",
            tag=TAG,
            summary="One case with every opinion on it",
            description="Holds text of notes. Deciding needs the password again, and is done on the case's page.",
            scope=TokenScope.TEXT,
            roles=READERS,
            answers={200: CaseDetail},
        )
    }

    def get(self, request: Request, study: str, case: int) -> Response:
        place = self.place
        try:
            sheet = case_sheet(study=place.study, pk=case, user=place.user, roles=place.roles)
        except NotYours:
            raise
        except Refused as error:
            raise PermissionDenied(str(error)) from error
        history = sheet.history
        told = {
            **{name: getattr(sheet.case, name) for name in ("state", "why", "opened_at")},
            "id": sheet.case.pk,
            "conflict": sheet.conflict,
            "opinions": [_opinion(quoted) for quoted in sheet.opinions],
            "snippets": [_snippet(group, one) for group in sheet.groups for one in group.snippets],
            "look_alikes": sheet.look_alikes,
            "decisions": [_decision(signed) for signed in history.decisions],
            "page": request.build_absolute_uri(reverse("case", args=[study, sheet.case.pk])),
        }
        return Response(CaseDetail(told).data)


def _summary(entry: QueuedCase, place: Place) -> dict[str, Any]:
    """Like the queue's page: who decides is not told what was decided, as a latent may come back to her."""
    tells = entry.visible and entry.decision is not None and Role.ADJUDICATOR not in place.roles
    opens = entry.visible and entry.standing != Standing.ELSEWHERE
    return {
        "id": entry.pk,
        "standing": entry.standing.value,
        "opened_at": entry.case.opened_at,
        "visible": entry.visible,
        "why": entry.case.why if opens else None,
        "opinions": entry.opinions if opens else None,
        "deferred_until": entry.case.deferred_until if opens else None,
        "outcome": entry.decision.outcome if tells and entry.decision else None,
    }


def _opinion(quoted: QuotedOpinion) -> dict[str, Any]:
    shown = {quote.snippet for quote in quoted.quotes}
    told = opinion_of(quoted.opinion)
    return told | {"evidence": [word for word in told["evidence"] if word.snippet in shown], "closed": quoted.closed}


def _snippet(group: PointedGroup, one: PointedSnippet) -> dict[str, Any]:
    shown = {name: getattr(one.shown, name) for name in ("pk", "text", "tokens", "about", "cut_start", "cut_end")}
    verdicts = [{"fit": fit.value, "letters": letters} for fit, letters in one.fits]
    return {**shown, "group": group.group.name, "name": one.name, "pointers": one.pointers, "verdicts": verdicts}


def _decision(signed: SignedDecision) -> dict[str, Any]:
    decision = signed.decision
    same = ("outcome", "cause", "rationale", "clause", "decided_at")
    return {
        **{name: getattr(decision, name) for name in same},
        "concept": decision.concept.name if decision.concept else "",
        "by": signed.whose,
        "current": signed.current,
        "signature_holds": signed.holds,
    }
