"""What one person may see of a study's latents: the facts that rules.blinding asks for, read once a page."""

from collections.abc import Iterable
from dataclasses import dataclass

from annotation.enums import LatentState, Role, RoundState
from annotation.models import Rating, SampledLatent, Study, User
from annotation.rules.blinding import Sight, sight, study_results_visible

TO_BE_RATED = (LatentState.SAMPLED, LatentState.RATING, LatentState.AMBIGUOUS, LatentState.RECRUITING)
"""States from which a round may still hand the latent to a rater who has not rated it."""


@dataclass(frozen=True, kw_only=True)
class Onlooker:
    """A person in front of a study's results."""

    roles: frozenset[Role]
    rounds_pending: bool
    """A round is open or about to open: until it closes she may rate, or revise what she rated."""
    rated: frozenset[int]
    """Ids of the sampled latents that she rated."""
    unrated_left: bool
    """Latents are left that a later round could hand to her; before the sample is drawn, any may be."""
    drawn: bool
    """The sample is drawn. Of someone who does not rate this is not asked, and is True."""

    @property
    def rates(self) -> bool:
        return Role.ANNOTATOR in self.roles

    @property
    def may_yet_rate(self) -> bool:
        """Whether she may still rate anything in the study."""
        return self.rates and (self.rounds_pending or self.unrated_left)

    def sees_hints(self, latent: SampledLatent | None) -> bool:
        """Whether she may be shown what hints at a latent's meaning beyond its snippets: output tokens, company.

        latent: None for one outside the sample, which nobody rates once the sample is drawn.
        """
        return self.sight(latent).results if latent else self.drawn or not self.rates

    @property
    def sees_results(self) -> bool:
        return study_results_visible(self.roles, may_yet_rate=self.may_yet_rate)

    def sight(self, latent: SampledLatent) -> Sight:
        """What she may see of this latent's ratings."""
        rated = latent.pk in self.rated
        waiting = not rated and latent.state in TO_BE_RATED
        return sight(
            self.roles,
            state=LatentState(latent.state),
            rated=rated,
            may_yet_rate=self.rates and (self.rounds_pending or waiting),
        )


def onlooker(user: User, roles: Iterable[Role], study: Study) -> Onlooker:
    """Up to four statements, however many latents there are."""
    held = frozenset(roles)
    if Role.ANNOTATOR not in held:
        return Onlooker(roles=held, rounds_pending=False, rated=_rated(user, study), unrated_left=False, drawn=True)
    rated = _rated(user, study)
    drawn = study.sample.exists()
    left = study.sample.filter(state__in=TO_BE_RATED).exclude(pk__in=rated)
    return Onlooker(
        roles=held,
        rounds_pending=study.rounds.exclude(state=RoundState.CLOSED).exists(),
        rated=rated,
        unrated_left=not drawn or left.exists(),
        drawn=drawn,
    )


def _rated(user: User, study: Study) -> frozenset[int]:
    return frozenset(Rating.objects.filter(study=study, rater_id=user.pk).values_list("latent", flat=True))
