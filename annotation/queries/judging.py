"""What the ambiguity rule is applied to: latents that wait for nobody, with the consensus that the newest run has."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from annotation.enums import ItemKind, LatentState, Role, RoundKind, RoundState, SlotState
from annotation.models import Consensus, Institution, Membership, Study
from annotation.queries.set_aside import rounds_set_aside
from annotation.rules.membership import active
from annotation.science.ambiguity import Thresholds
from annotation.science.clc_result import LatentConsensus
from annotation.science.types import Undefined
from annotation.transitions import DECIDED_STATES


def study_thresholds(study: Study) -> Thresholds:
    return Thresholds(
        q=study.accept_q, theta=study.accept_theta, n_eff=study.accept_n_eff, flip_rate=study.accept_flip_rate
    )


def thresholds_of(with_what: Mapping[str, float]) -> Thresholds:
    """Of what `judged_with` said."""
    return Thresholds(
        q=with_what["q"], theta=with_what["theta"], n_eff=with_what["n_eff"], flip_rate=with_what["flip_rate"]
    )


def rating_institutions(study: Study) -> list[Institution]:
    """Those of the annotators who may still rate."""
    members = active(study).filter(role=Role.ANNOTATOR)
    return list(Institution.objects.filter(membership__in=members).distinct().order_by("pk"))


def judged_with(study: Study) -> dict[str, float]:
    """All that a verdict rests on beside the results: a run keeps it, and another one now calls for new verdicts."""
    thresholds = study_thresholds(study)
    return {
        "q": thresholds.q,
        "theta": thresholds.theta,
        "n_eff": thresholds.n_eff,
        "flip_rate": thresholds.flip_rate,
        "institutions": max(1, len(rating_institutions(study))),
    }


def as_consensus(row: Consensus | None) -> LatentConsensus | Undefined:
    """A stored row as the statistics know it."""
    if row is None:
        return Undefined("Nobody has answered for this latent: every rater said “cannot tell”.")
    return LatentConsensus(
        latent=str(row.latent_id),
        classes=tuple(row.classes),
        q=tuple(row.q),
        theta=tuple(row.theta),
        n_eff=row.n_eff,
        flip_rate=row.flip_rate,
        entropy=row.entropy,
        n_raters=row.ratings,
        n_institutions=row.institutions,
        cannot_tell=row.cannot_tell,
        weights=row.weights,
    )


def deciding_item(study: Study) -> str:
    """The item whose ambiguity decides: the concept."""
    item = study.rubric.items.filter(kind=ItemKind.CONCEPT).first() or study.rubric.items.earliest("position")
    return item.key


def complete_latents(study: Study) -> QuerySet[Any]:
    """SampledLatents that were rated and wait for nobody, undecided: with `given` raters and the `newest` rating.

    Raters whose ratings are withheld or set aside are not among those given.
    """
    waiting = Q(slots__round__state=RoundState.OPEN) & ~Q(slots__state=SlotState.SUBMITTED)
    # A retest tells how steady a rater is. The latent does not wait for it.
    waiting &= ~Q(slots__round__kind=RoundKind.RETEST)
    gone = Membership.objects.filter(study=study, ratings_withheld=True).values("user")
    counting = ~Q(ratings__round__in=rounds_set_aside())
    return (
        study.sample.exclude(state__in=[LatentState.SAMPLED, LatentState.PERSISTENT, *DECIDED_STATES])
        .annotate(
            places_left=Count("slots", filter=waiting, distinct=True),
            given=Count("ratings__rater", filter=~Q(ratings__rater__in=gone) & counting, distinct=True),
            newest=Max("ratings__pk", filter=counting),
        )
        .filter(places_left=0, newest__isnull=False)
        .order_by("position")
    )
