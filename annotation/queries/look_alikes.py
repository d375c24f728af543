"""Latents like the one before an adjudicator that have been decided already, with what was decided."""

from collections.abc import Iterable
from dataclasses import dataclass

from annotation.enums import DecisionOutcome
from annotation.models import Case, Decision, LatentProfile, User
from annotation.queries.case_masks import masked_latents
from annotation.queries.current_decision import current_decisions
from annotation.queries.sight import Onlooker

MOST = 6


@dataclass(frozen=True, kw_only=True)
class LookAlike:
    case: int
    """Number of its case, which she may open."""
    outcome: DecisionOutcome
    concept: str
    """Empty unless one concept was decided for."""
    cosine: float | None
    """Of the two decoder directions; None where the latent is not among the nearest."""
    shares: str
    """The concept that was decided there and is proposed here; empty where none is."""


def look_alikes(case: Case, *, viewer: Onlooker, user: User, proposed: Iterable[str]) -> tuple[LookAlike, ...]:
    """The nearest first, then those that share a concept, the newest decision first; at most six.

    case: with its latent. proposed: concepts named in the opinions. Never the latent itself, nor one on which she is
    asked apart (queries.case_masks), nor one that she may not see. Three statements.
    """
    profile = LatentProfile.objects.filter(latent=case.latent.latent_id).values_list("neighbours", flat=True).first()
    near = {row["latent"]: row["cosine"] for row in profile or []}
    hidden = masked_latents(user, case.study) | {case.latent_id}
    here = {name.lower() for name in proposed}
    found = []
    for decision in _decided(case):
        latent = decision.case.latent
        if latent.pk in hidden or not viewer.sight(latent).ratings:
            continue
        name = decision.concept.name if decision.concept else ""
        cosine = near.get(latent.latent.index)
        if cosine is not None or name.lower() in here:
            found.append(_look_alike(decision, name, cosine, here))
    return tuple(sorted(found, key=lambda one: -(one.cosine if one.cosine is not None else -2.0))[:MOST])


def _decided(case: Case) -> Iterable[Decision]:
    decided = current_decisions(case.study).exclude(case__latent=case.latent_id)
    return decided.select_related("concept", "case__latent__latent").order_by("-decided_at", "-pk")


def _look_alike(decision: Decision, name: str, cosine: float | None, here: set[str]) -> LookAlike:
    return LookAlike(
        case=decision.case_id,
        outcome=DecisionOutcome(decision.outcome),
        concept=name,
        cosine=cosine,
        shares=name if name.lower() in here else "",
    )
