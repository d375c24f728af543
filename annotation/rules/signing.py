"""What an adjudicator signs: its meaning in words, and digests by which anybody can tell later that it is the same."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from annotation.enums import DecisionOutcome
from annotation.models import Decision, Rating
from annotation.rules.decision import Verdict

VERSION = "consilium-decision/1"
"""Of what goes into a digest and how; it is part of the digest."""
IN_WORDS = {
    DecisionOutcome.CONCEPT: "one concept, “{concept}”",
    DecisionOutcome.IRREDUCIBLE: "irreducible, so that the distribution of opinions is the answer",
    DecisionOutcome.SPLIT: "the concept is to be split or merged",
    DecisionOutcome.UNUSABLE: "the latent is unusable",
}
LASTS = "The decision stays on record and can only be superseded by a new signed decision."


def meaning(
    verdict: Verdict, *, name: str, case: int, study: str, opinions: int, supersedes: Decision | None = None
) -> str:
    """The sentences above which she signs. name: hers; case: its number; opinions: how many she was shown."""
    outcome = IN_WORDS[verdict.outcome].format(concept=verdict.concept)
    shown = "1 opinion" if opinions == 1 else f"{opinions:,} opinions"
    told = [
        f"By signing I, {name}, decide case {case} of the study “{study}”: {outcome}.",
        f"The cause of the disagreement, as I see it: {_lowered(verdict.cause.label)}.",
        f"I was shown the snippets and {shown}, and my reason is the one that I wrote.",
    ]
    if verdict.clause:
        told.append(f"I ask that the rubric gain a clause: “{verdict.clause}”.")
    if supersedes is not None:
        day = timezone.localtime(supersedes.decided_at)
        told.append(f"It supersedes the decision of {day:%-d %B %Y}, {day:%H:%M}, because: {verdict.reason}")
    return " ".join([*told, LASTS])


def ratings_digest(ratings: Iterable[Rating]) -> str:
    """SHA-256, hexadecimal, of what these ratings say, whatever their order. Nothing of who gave them goes in."""
    return _sha256([_said(rating) for rating in sorted(ratings, key=lambda one: one.pk)])


def decision_digest(decision: Decision, *, meaning: str, ratings: str, identity: str) -> str:
    """SHA-256, hexadecimal, of a decision's content. ratings: `ratings_digest`; identity: the latent's."""
    return _sha256(
        {
            "version": VERSION,
            "case": decision.case_id,
            "latent": identity,
            "adjudicator": decision.adjudicator_id,
            "outcome": decision.outcome,
            "concept": decision.concept.name if decision.concept else None,
            "cause": decision.cause,
            "rubric_needs_clause": decision.rubric_needs_clause,
            "clause": decision.clause,
            "rationale": decision.rationale,
            "decided_at": round(decision.decided_at.timestamp() * 1_000_000),
            "supersedes": decision.supersedes_id,
            "reason": decision.reason,
            "meaning": meaning,
            "ratings": ratings,
        }
    )


def _said(rating: Rating) -> dict[str, Any]:
    return {
        "rating": rating.pk,
        "outcome": rating.outcome,
        "concept": rating.concept_id,
        "second_concept": rating.second_concept_id,
        "answers": rating.answers,
        "rationale": rating.rationale,
        "evidence": rating.evidence,
        "fits": rating.fits,
    }


def _sha256(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _lowered(label: str) -> str:
    return label[:1].lower() + label[1:]
