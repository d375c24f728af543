"""What the next independent round would ask, and of whom: read by its preview, carried out when it opens."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from django.db.models import Count

from annotation.enums import LatentState, Role, RoundKind, RoundState
from annotation.models import Institution, Membership, Rating, SampledLatent, Study
from annotation.rules.membership import active
from annotation.rules.refusal import Refused

UNSETTLED = (LatentState.SAMPLED, LatentState.RATING, LatentState.AMBIGUOUS, LatentState.RECRUITING)


@dataclass(frozen=True, kw_only=True)
class RoundPlan:
    sample: tuple[SampledLatent, ...]
    raters: tuple[Membership, ...]
    institutions: tuple[Institution, ...]
    """Those that the raters belong to."""
    raters_per_latent: int

    def quota(self, latent: SampledLatent) -> list[Institution | None]:
        """An institution for each place, as equal as can be; None for any. The odd place rotates with the latent."""
        if len(self.institutions) < 2:
            return [None] * self.raters_per_latent
        start = latent.position % len(self.institutions)
        rotated: Sequence[Institution] = [*self.institutions[start:], *self.institutions[:start]]
        return list(islice(cycle(rotated), self.raters_per_latent))


def plan_round(study: Study) -> RoundPlan:
    """An independent round over the latents that are not settled, `raters_per_latent` places each, by institution.

    Raises Refused without such latents, without enough raters who have not seen them, or while another is open.
    """
    sample = _to_be_rated(study)
    if study.rounds.filter(kind=RoundKind.INDEPENDENT).exclude(state=RoundState.CLOSED).exists():
        raise Refused("An independent round is open already. Close it before you open the next.")
    members = active(study).filter(role=Role.ANNOTATOR)
    raters = tuple(members.select_related("institution").order_by("pseudonym"))
    if not raters:
        raise Refused("The study has no raters. Invite physicians on the People page, then open the round.")
    if len(raters) < study.raters_per_latent:
        raise Refused(
            f"The study asks for {study.raters_per_latent} raters a latent and has {len(raters)}. "
            "Invite more on the People page, or ask for fewer."
        )
    _check_fresh_eyes(study, sample, len(raters))
    return RoundPlan(
        sample=sample,
        raters=raters,
        institutions=tuple(Institution.objects.filter(membership__in=members).distinct().order_by("pk")),
        raters_per_latent=study.raters_per_latent,
    )


def _to_be_rated(study: Study) -> tuple[SampledLatent, ...]:
    if not study.sample.exists():
        raise Refused("The study has no sample yet. Draw it first: it says which latents are rated.")
    sample = tuple(study.sample.filter(state__in=UNSETTLED).order_by("position"))
    if not sample:
        raise Refused("Every latent of the sample is settled or with an adjudicator: there is nothing to rate.")
    return sample


def _check_fresh_eyes(study: Study, sample: Sequence[SampledLatent], raters: int) -> None:
    """A rater sees a latent once: each latent needs enough people who have not."""
    given = dict(
        Rating.objects.filter(latent__in=sample)
        .values("latent")
        .annotate(Count("rater", distinct=True))
        .values_list("latent", "rater__count")
    )
    most = max(given.values(), default=0)
    if raters - most < study.raters_per_latent:
        raise Refused(
            f"{most} of the {raters} raters have rated some of these latents already, and {study.raters_per_latent} "
            "who have not are needed. Invite more on the People page."
        )
