"""Whether an adjudicator's decision is complete: every problem at once, a sentence a field."""

from dataclasses import dataclass

from annotation.enums import DecisionOutcome, DisagreementCause
from annotation.rules.answers import CONCEPT_LIMIT, RATIONALE_LIMIT, Incomplete


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A complete decision's content."""

    outcome: DecisionOutcome
    concept: str
    """Empty unless the outcome is CONCEPT."""
    cause: DisagreementCause
    rationale: str


def check_decision(*, outcome: str, concept: str, cause: str, rationale: str) -> Verdict:
    """The cleaned decision. Raises Incomplete with every problem at once."""
    name = " ".join(concept.replace("\x00", "").split()) if outcome == DecisionOutcome.CONCEPT else ""
    why = rationale.replace("\x00", "").strip()
    problems: dict[str, str] = {}
    if outcome not in DecisionOutcome.values:
        problems["outcome"] = "Choose what you decide: one concept, irreducible, split or merge, or unusable."
    if outcome == DecisionOutcome.CONCEPT and not name:
        problems["concept"] = "Name the concept that you decide for."
    if len(name) > CONCEPT_LIMIT:
        problems["concept"] = f"The concept is longer than {CONCEPT_LIMIT} characters. Shorten it."
    if cause not in DisagreementCause.values:
        problems["cause"] = "Say why the raters disagreed: choose a cause."
    if not why:
        problems["rationale"] = "Say why you decide so: the rationale is missing."
    if len(why) > RATIONALE_LIMIT:
        problems["rationale"] = f"The rationale is longer than {RATIONALE_LIMIT} characters. Shorten it."
    if problems:
        raise Incomplete(problems)
    return Verdict(outcome=DecisionOutcome(outcome), concept=name, cause=DisagreementCause(cause), rationale=why)
