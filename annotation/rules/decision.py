"""Whether an adjudicator's decision is complete: every problem at once, a sentence a field."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from annotation.enums import DecisionOutcome, DisagreementCause
from annotation.rules.answers import CONCEPT_LIMIT, RATIONALE_LIMIT, RESERVED, Incomplete

CLAUSE_LIMIT = REASON_LIMIT = 1000
"""Characters."""
LONGEST_DEFERRAL = timedelta(days=183)


@dataclass(frozen=True, kw_only=True)
class GivenDecision:
    """What the adjudicator chose and wrote, as it came."""

    outcome: str
    concept: str = ""
    cause: str = ""
    rationale: str = ""
    rubric_needs_clause: bool = False
    clause: str = ""
    reason: str = ""
    """Why it takes the place of the decision before; only where there is one."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A complete decision's content."""

    outcome: DecisionOutcome
    concept: str
    """Empty unless the outcome is CONCEPT."""
    cause: DisagreementCause
    rationale: str
    clause: str
    """The words that the rubric should gain; empty where it needs none."""
    reason: str
    """Empty unless it supersedes another."""


def check_decision(given: GivenDecision, *, supersedes: bool = False) -> Verdict:
    """The cleaned decision. Raises Incomplete with every problem at once."""
    name = _line(given.concept) if given.outcome == DecisionOutcome.CONCEPT else ""
    clause = _text(given.clause) if given.rubric_needs_clause else ""
    why, reason = _text(given.rationale), _text(given.reason) if supersedes else ""
    problems = _choices_missing(given) | _concept_missing(given, name)
    if not why:
        problems["rationale"] = "Say why you decide so: the rationale is missing."
    if given.rubric_needs_clause and not clause:
        problems["clause"] = "Write the sentence that the rubric should gain, or take the tick away."
    if supersedes and not reason:
        problems["reason"] = "Say why the decision is replaced: what has changed, or what was overlooked."
    problems |= _too_long(("rationale", why, RATIONALE_LIMIT), ("clause", clause, CLAUSE_LIMIT))
    problems |= _too_long(("reason", reason, REASON_LIMIT))
    if problems:
        raise Incomplete(problems)
    return Verdict(
        outcome=DecisionOutcome(given.outcome),
        concept=name,
        cause=DisagreementCause(given.cause),
        rationale=why,
        clause=clause,
        reason=reason,
    )


def check_reason(reason: str, *, missing: str) -> str:
    """The cleaned reason of a step. Raises Incomplete where it is empty (with `missing`) or too long."""
    text = _text(reason)
    if not text:
        raise Incomplete({"reason": missing})
    if problems := _too_long(("reason", text, REASON_LIMIT)):
        raise Incomplete(problems)
    return text


def check_deferral(until: datetime | None, *, now: datetime) -> datetime:
    """Raises Incomplete unless it is a moment to come, half a year away at the most."""
    if until is None or until <= now:
        raise Incomplete({"until": "Choose a day from tomorrow on."})
    if until - now > LONGEST_DEFERRAL:
        raise Incomplete({"until": "Choose a day within half a year. Hand the case over if it takes longer."})
    return until


def _choices_missing(given: GivenDecision) -> dict[str, str]:
    problems = {}
    if given.outcome not in DecisionOutcome.values:
        problems["outcome"] = "Choose what you decide: one concept, irreducible, split or merge, or unusable."
    if given.cause not in DisagreementCause.values:
        problems["cause"] = "Say why the raters disagreed: choose a cause."
    return problems


def _concept_missing(given: GivenDecision, name: str) -> dict[str, str]:
    if given.outcome != DecisionOutcome.CONCEPT:
        return {}
    if not name:
        return {"concept": "Name the concept that you decide for."}
    if len(name) > CONCEPT_LIMIT:
        return {"concept": f"The concept is longer than {CONCEPT_LIMIT} characters. Shorten it."}
    if name.lower() in RESERVED:
        return {"concept": f"“{name}” is no concept. Name what the words share, or decide otherwise."}
    return {}


def _too_long(*fields: tuple[str, str, int]) -> dict[str, str]:
    return {
        name: f"The {name} is longer than {limit} characters. Shorten it."
        for name, text, limit in fields
        if len(text) > limit
    }


def _line(text: str) -> str:
    return " ".join(_plain(text).split())


def _text(text: str) -> str:
    """With line breaks of one character, as browsers count them."""
    return _plain(text).replace("\r\n", "\n").strip()


def _plain(text: str) -> str:
    """Without NUL and halves of surrogate pairs, which Postgres cannot store."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
