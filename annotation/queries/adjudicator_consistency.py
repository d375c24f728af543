"""How steady each adjudicator of a study is: cases that came back to her, against what she decided first."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from annotation.enums import CaseKind, CaseState, Role
from annotation.models import Decision, Membership, Study, User
from annotation.queries.concept_names import concept_names
from annotation.science.repeat_consistency import Consistency, repeat_consistency


@dataclass(frozen=True, kw_only=True)
class Steadiness:
    pseudonym: str
    consistency: Consistency


def adjudicator_consistency(study: Study, *, viewer: User) -> tuple[Steadiness, ...]:
    """By pseudonym, everyone who decided a case that came back and was decided again. Five statements.

    First decision on each look, after merges of concepts. What still waits is told of nobody: it would be a hint. An
    adjudicator who reads this as a researcher does not find herself.
    """
    names = concept_names(study)
    pairs: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for again in _repeats(study):
        first = again.case.beside
        assert first is not None  # A constraint: a repeat stands beside a decision.
        pairs[again.adjudicator_id].append((_label(first, names), _label(again, names)))
    members = Membership.objects.filter(study=study, role=Role.ADJUDICATOR, user__in=pairs).order_by("pseudonym")
    return tuple(
        Steadiness(pseudonym=member.pseudonym, consistency=repeat_consistency(pairs[member.user_id]))
        for member in members
        if member.user_id != viewer.pk
    )


def _repeats(study: Study) -> list[Decision]:
    again = Decision.objects.filter(
        case__study=study, case__kind=CaseKind.REPEAT, case__state=CaseState.DECIDED, supersedes=None
    )
    return list(again.select_related("case__beside").order_by("pk"))


def _label(decision: Decision, names: Mapping[int, str]) -> str:
    if decision.concept_id is None:
        return decision.outcome
    return f"{decision.outcome}: {names[decision.concept_id].lower()}"
