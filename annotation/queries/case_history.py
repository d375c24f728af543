"""What became of a case: every decision with its signature, every step, and opinions that stand beside it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from annotation.enums import CaseKind, CaseState, CaseStepKind, Role
from annotation.models import Case, CaseStep, Decision, Membership, User
from annotation.queries.signature_check import signatures_hold

YOU, ANOTHER = "You", "Another adjudicator"
SIGNED_BY_NAME = re.compile(r"^By signing I, .+?, decide")
"""How every meaning begins (rules.signing)."""


@dataclass(frozen=True, kw_only=True)
class SignedDecision:
    decision: Decision
    whose: str
    """You, another adjudicator, or, for who directs the study, a pseudonym."""
    current: bool
    holds: bool
    """What is stored is still what was signed."""
    meaning: str
    """What was signed, in words; to everyone but her who signed without her name."""


@dataclass(frozen=True, kw_only=True)
class Step:
    kind: CaseStepKind
    at: datetime
    whose: str
    whom: str
    """Whom it was handed to; empty where it was handed to nobody."""
    until: datetime | None
    reason: str
    """Empty where it is kept from this person until she has signed."""


@dataclass(frozen=True, kw_only=True)
class CaseHistory:
    decisions: tuple[SignedDecision, ...]
    """The case's own, newest first."""
    second: tuple[SignedDecision, ...]
    """Opinions of a second adjudicator, newest first; where she was asked and has signed."""
    second_asked: bool
    """A second opinion is still to come."""
    first: int
    """Number of the case beside which this second opinion stands; 0 where it is none, or not decided yet."""
    steps: tuple[Step, ...]
    """Newest first."""

    @property
    def current(self) -> SignedDecision | None:
        return next((one for one in self.decisions if one.current), None)

    @property
    def differ(self) -> bool:
        """Whether the two opinions do not come to the same."""
        now, other = self.current, next((one for one in self.second if one.current), None)
        return bool(now and other and _answer(now.decision) != _answer(other.decision))


def case_history(case: Case, *, user: User, roles: frozenset[Role]) -> CaseHistory:
    """For who may see the case: callers have asked. At most six statements.

    Researchers read pseudonyms and every reason; adjudicators neither, except that a deferral says why to everyone.
    Repeats are not told of here.
    """
    names = _names(case, user, roles)
    own = list(_decisions(case))
    beside = list(Case.everything.filter(kind=CaseKind.SECOND, beside__case=case).order_by("pk"))
    second = list(_decisions(*beside)) if beside else []
    holds = signatures_hold([*own, *second])
    return CaseHistory(
        decisions=tuple(_signed(one, names, holds) for one in own),
        second=tuple(_signed(one, names, holds) for one in second),
        second_asked=any(one.state == CaseState.OPEN for one in beside),
        first=case.beside.case_id if case.kind == CaseKind.SECOND and case.beside and own else 0,
        steps=tuple(
            _step(step, names, user, roles) for step in CaseStep.objects.filter(case=case).order_by("-at", "-pk")
        ),
    )


def _decisions(*cases: Case) -> Iterable[Decision]:
    found = Decision.objects.filter(case__in=cases).select_related("concept", "signature", "case__latent__latent")
    return found.select_related("superseded_by").order_by("-decided_at", "-pk")


def _names(case: Case, user: User, roles: frozenset[Role]) -> Mapping[int, str]:
    """By person: what this reader is told of who it was."""
    names: dict[int, str] = {}
    if Role.RESEARCHER in roles:
        members = Membership.objects.filter(study=case.study_id).order_by("role")
        names |= {who: pseudonym for who, pseudonym, role in members.values_list("user", "pseudonym", "role")}
        adjudicators = members.filter(role=Role.ADJUDICATOR)
        names |= dict(adjudicators.values_list("user", "pseudonym"))
    return names | {user.pk: YOU}


def _signed(decision: Decision, names: Mapping[int, str], holds: Mapping[int, bool]) -> SignedDecision:
    return SignedDecision(
        decision=decision,
        whose=names.get(decision.adjudicator_id, ANOTHER),
        current=not hasattr(decision, "superseded_by"),
        holds=holds[decision.pk],
        meaning=_meaning(decision, names),
    )


def _meaning(decision: Decision, names: Mapping[int, str]) -> str:
    words = decision.signature.meaning
    whose = _in_a_sentence(decision.adjudicator_id, names)
    return words if whose == YOU.lower() else SIGNED_BY_NAME.sub(f"By signing I, {whose}, decide", words)


def _step(step: CaseStep, names: Mapping[int, str], user: User, roles: frozenset[Role]) -> Step:
    tells = step.kind == CaseStepKind.DEFERRED or Role.RESEARCHER in roles or step.by_id == user.pk
    return Step(
        kind=CaseStepKind(step.kind),
        at=step.at,
        whose=_in_a_sentence(step.by_id, names),
        whom=_in_a_sentence(step.to_id, names) if step.to_id else "",
        until=step.until,
        reason=step.reason if tells else "",
    )


def _in_a_sentence(person: int, names: Mapping[int, str]) -> str:
    name = names.get(person, ANOTHER)
    return name.lower() if name in (YOU, ANOTHER) else name


def _answer(decision: Decision) -> tuple[str, int | None]:
    return decision.outcome, decision.concept_id
