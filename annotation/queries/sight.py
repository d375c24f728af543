"""What one person may see of a study's latents: the facts that rules.blinding asks for, read once a page."""

from collections.abc import Iterable
from dataclasses import dataclass

from annotation.enums import LatentState, Role, RoundState, SlotState
from annotation.models import Rating, ReadingSlot, SampledLatent, Study, User
from annotation.queries.rating_parts import RatingPart, rating_parts
from annotation.rules.blinding import Sight, sight, study_results_visible


@dataclass(frozen=True, kw_only=True)
class Onlooker:
    """A person in front of a study's results."""

    roles: frozenset[Role]
    rated: frozenset[int]
    """Ids of the study's sampled latents that she rated."""
    parts: tuple[RatingPart, ...]
    """What she rates of the study's run: here, and in every other study that rests on it."""
    reads: frozenset[int] = frozenset()
    """Latents of the run whose rationale she has before her, to read it blinded."""

    @property
    def may_yet_rate(self) -> bool:
        """Whether she may still rate any latent of the run, in whichever study, or is reading of one."""
        return bool(self.reads) or any(part.open for part in self.parts)

    def sees_hints(self, latent: int) -> bool:
        """Whether she may be shown what hints at a latent's meaning beyond its snippets: output tokens, company.

        latent: id of a latent of the run, sampled or not. What looks like a latent tells about it too: while she may
        yet rate any, hints are for those alone that she has rated herself and whose rating is closed.
        """
        if Role.RESEARCHER not in self.roles:
            return False
        return not self.may_yet_rate or (
            any(latent in part.rated for part in self.parts) and not self._may_yet_rate(latent)
        )

    @property
    def sees_results(self) -> bool:
        return study_results_visible(self.roles, may_yet_rate=self.may_yet_rate)

    def sight(self, latent: SampledLatent) -> Sight:
        """What she may see of this latent's ratings."""
        return sight(
            self.roles,
            state=LatentState(latent.state),
            rated=latent.pk in self.rated,
            may_yet_rate=self._may_yet_rate(latent.latent_id),
            reads=latent.latent_id in self.reads,
        )

    def _may_yet_rate(self, latent: int) -> bool:
        return any(part.may_yet_rate(latent) for part in self.parts)


def onlooker(user: User, roles: Iterable[Role], study: Study) -> Onlooker:
    """Up to four statements, however many latents and studies there are."""
    rated = Rating.objects.filter(study=study, rater_id=user.pk).values_list("latent", flat=True)
    parts = rating_parts(user, study)
    return Onlooker(
        roles=frozenset(roles), rated=frozenset(rated), parts=parts, reads=_reads(user) if parts else frozenset()
    )


def _reads(user: User) -> frozenset[int]:
    held = ReadingSlot.objects.filter(reader_id=user.pk, state=SlotState.LEASED, round__state=RoundState.OPEN)
    return frozenset(held.values_list("rating__latent__latent", flat=True))
