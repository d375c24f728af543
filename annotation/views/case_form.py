"""The adjudicator's form: what may be decided and why raters may have differed, each with its explanation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation.enums import DecisionOutcome, DisagreementCause
from annotation.models import Decision
from annotation.rules.answers import CONCEPT_LIMIT, RATIONALE_LIMIT
from annotation.rules.decision import CLAUSE_LIMIT, REASON_LIMIT, GivenDecision

OUTCOME_HELP = {
    DecisionOutcome.CONCEPT: "The latent stands for one thing, and you can name it.",
    DecisionOutcome.IRREDUCIBLE: "Reasonable physicians differ here. Their distribution is published as it is.",
    DecisionOutcome.SPLIT: "It holds two meanings, or the list of concepts should be divided or joined here.",
    DecisionOutcome.UNUSABLE: "Nothing in it can be named in a way that others would repeat.",
}
CAUSE_HELP = {
    DisagreementCause.SYNONYMS: "The raters mean the same and word it differently.",
    DisagreementCause.GRANULARITY: "Such as “cardiac” against “angina”: both are right, at another level.",
    DisagreementCause.SEVERAL_MEANINGS: "Each opinion describes a part of the snippets.",
    DisagreementCause.FORM: "A heading, an abbreviation or a turn of phrase was read as its content.",
    DisagreementCause.RUBRIC_UNCLEAR: "The rubric can be read either way.",
    DisagreementCause.SLIP: "One opinion plainly does not fit the snippets.",
    DisagreementCause.KNOWLEDGE: "The snippets need knowledge that not every rater has.",
}


FIELDS = ("outcome", "concept", "cause", "rationale", "clause", "reason")
"""Texts of the form, by the names under which it sends them and a draft keeps them."""


@dataclass(frozen=True, kw_only=True)
class CaseForm:
    """What she has chosen and written so far."""

    outcome: str = ""
    concept: str = ""
    cause: str = ""
    rationale: str = ""
    rubric_needs_clause: bool = False
    clause: str = ""
    reason: str = ""
    concept_limit: int = CONCEPT_LIMIT
    rationale_limit: int = RATIONALE_LIMIT
    clause_limit: int = CLAUSE_LIMIT
    reason_limit: int = REASON_LIMIT

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        return _options(OUTCOME_HELP)

    @property
    def causes(self) -> list[dict[str, Any]]:
        return _options(CAUSE_HELP)

    @property
    def clauses(self) -> list[dict[str, str]]:
        return [{"value": "yes", "label": "The rubric needs a clause for this", "key": "1"}]

    @property
    def clause_chosen(self) -> list[str]:
        return ["yes"] if self.rubric_needs_clause else []

    @property
    def given(self) -> GivenDecision:
        return GivenDecision(
            outcome=self.outcome,
            concept=self.concept,
            cause=self.cause,
            rationale=self.rationale,
            rubric_needs_clause=self.rubric_needs_clause,
            clause=self.clause,
            reason=self.reason,
        )

    @property
    def fields(self) -> dict[str, str]:
        """As a form sends it and a draft keeps it."""
        return {name: getattr(self, name) for name in FIELDS} | (
            {"rubric_needs_clause": "yes"} if self.rubric_needs_clause else {}
        )


def _options(help_: dict[Any, str]) -> list[dict[str, Any]]:
    return [
        {"value": choice.value, "label": choice.label, "help": words, "key": str(number)}
        for number, (choice, words) in enumerate(help_.items(), start=1)
    ]


def read_case_form(sent: Mapping[str, Any]) -> CaseForm:
    """What a browser sent or a draft keeps, without NUL characters, which Postgres cannot store."""

    def text(name: str) -> str:
        return str(sent.get(name) or "").replace("\x00", "")

    return CaseForm(
        outcome=text("outcome"),
        concept=text("concept"),
        cause=text("cause"),
        rationale=text("rationale"),
        rubric_needs_clause="yes" in (sent.get("rubric_needs_clause") or ()),
        clause=text("clause"),
        reason=text("reason"),
    )


def form_of(decision: Decision) -> CaseForm:
    """The form as it would have to be filled in to decide the same."""
    return CaseForm(
        outcome=decision.outcome,
        concept=decision.concept.name if decision.concept else "",
        cause=decision.cause,
        rationale=decision.rationale,
        rubric_needs_clause=decision.rubric_needs_clause,
        clause=decision.clause,
    )
