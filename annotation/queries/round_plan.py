"""What the next independent round would ask, and of whom: read by its preview, carried out when it opens."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import QuerySet

from annotation.enums import LatentState, Role, RoundKind, RoundState
from annotation.models import Decline, Institution, Membership, Rating, SampledLatent, Study
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
    seen: Mapping[int, frozenset[int]]
    """By sampled latent the raters (users) who rated it or gave it back: it does not come to them again."""

    def quota(self, latent: SampledLatent) -> list[Institution | None]:
        """An institution for each place, as equal as can be; None for any. The odd place rotates with the latent.

        No institution is asked for more places than it has raters left who could take one.
        """
        if len(self.institutions) < 2:
            return [None] * self.raters_per_latent
        start = latent.position % len(self.institutions)
        rotated = [*self.institutions[start:], *self.institutions[:start]]
        seen = self.seen.get(latent.pk, frozenset())
        left = Counter(rater.institution_id for rater in self.raters if rater.user_id not in seen)
        turns = (one for turn in range(self.raters_per_latent) for one in rotated if turn < left[one.pk])
        quota: list[Institution | None] = list(islice(turns, self.raters_per_latent))
        return quota + [None] * (self.raters_per_latent - len(quota))


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
    rated = _pairs(Rating.objects.filter(latent__in=sample), raters)
    _check_fresh_eyes(study, rated, len(raters))
    declined = _pairs(Decline.objects.filter(latent__in=sample), raters)
    return RoundPlan(
        sample=sample,
        raters=raters,
        institutions=tuple(Institution.objects.filter(membership__in=members).distinct().order_by("pk")),
        raters_per_latent=study.raters_per_latent,
        seen={pk: rated.get(pk, frozenset()) | declined.get(pk, frozenset()) for pk in {*rated, *declined}},
    )


def _to_be_rated(study: Study) -> tuple[SampledLatent, ...]:
    if not study.sample.exists():
        raise Refused("The study has no sample yet. Draw it first: it says which latents are rated.")
    sample = tuple(study.sample.filter(state__in=UNSETTLED).order_by("position"))
    if not sample:
        raise Refused("Every latent of the sample is settled or with an adjudicator: there is nothing to rate.")
    return sample


def _pairs(rows: QuerySet[Rating] | QuerySet[Decline], raters: Sequence[Membership]) -> dict[int, frozenset[int]]:
    """By sampled latent which of these raters it names."""
    able, found = {rater.user_id for rater in raters}, defaultdict[int, set[int]](set)
    for latent, rater in rows.values_list("latent", "rater").distinct().order_by():
        if rater in able:
            found[latent].add(rater)
    return {latent: frozenset(those) for latent, those in found.items()}


def _check_fresh_eyes(study: Study, rated: Mapping[int, frozenset[int]], raters: int) -> None:
    """A rater sees a latent once: each latent needs enough people who have not. Who has left the study counts in
    neither number.
    """
    most = max(map(len, rated.values()), default=0)
    if raters - most < study.raters_per_latent:
        raise Refused(
            f"{most} of the {raters} raters have rated some of these latents already, and {study.raters_per_latent} "
            "who have not are needed. Invite more on the People page."
        )
