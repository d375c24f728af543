"""What a person rates of one mining run, study by study: what she has rated, and what she may yet be handed."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from annotation.enums import LatentState, Role, RoundKind, RoundState
from annotation.models import Membership, Rating, Round, SampledLatent, Study, User

TO_BE_RATED = (LatentState.SAMPLED, LatentState.RATING, LatentState.AMBIGUOUS, LatentState.RECRUITING)
"""States from which a round may still hand the latent to a rater who has not rated it."""


@dataclass(frozen=True, kw_only=True)
class RatingPart:
    """Her part in one study that she is an annotator of. Sets hold ids of the run's latents."""

    rounds_pending: bool
    """A round is open or about to open: until it closes she may rate, or revise what she rated."""
    sampled: frozenset[int]
    """Empty before the sample is drawn: until then any latent may be in it."""
    rated: frozenset[int]
    left: frozenset[int]
    """Those that a later round could hand to her."""

    @property
    def open(self) -> bool:
        """Whether she may still rate anything in the study."""
        return self.rounds_pending or not self.sampled or bool(self.left)

    def may_yet_rate(self, latent: int) -> bool:
        """Whether she may still rate this latent, or revise her rating of it."""
        return not self.sampled or latent in self.left or (self.rounds_pending and latent in self.sampled)


def rating_parts(user: User, study: Study) -> tuple[RatingPart, ...]:
    """Her parts in this study and in all that rest on the same run: a latent is the same in each. Two statements."""
    members = list(
        Membership.objects.filter(_same_run(study), user_id=user.pk, user__is_active=True, role=Role.ANNOTATOR)
        .filter(withdrawn_at__isnull=True)
        .annotate(pending=Exists(_of_the_sample().filter(study=OuterRef("study"))))
        .values_list("study", "pending", "calibrated_at")
    )
    if not members:
        return ()
    pending = {study: is_pending for study, is_pending, _ in members}
    uncalibrated = [study for study, _, calibrated_at in members if calibrated_at is None]
    sampled, rated, left = defaultdict(set), defaultdict(set), defaultdict(set)
    own = Rating.objects.filter(latent=OuterRef("pk"), rater_id=user.pk)
    rows = SampledLatent.everything.filter(
        Q(study__in=pending, calibration_set=None) | Q(study__in=uncalibrated) & Exists(_calibrating())
    ).annotate(own=Exists(own))
    for place, latent, state, is_rated in rows.values_list("study", "latent", "state", "own"):
        sampled[place].add(latent)
        if is_rated:
            rated[place].add(latent)
        elif state in TO_BE_RATED:
            left[place].add(latent)
    return tuple(
        RatingPart(
            rounds_pending=pending[place],
            sampled=frozenset(sampled[place]),
            rated=frozenset(rated[place]),
            left=frozenset(left[place]),
        )
        for place in pending
    )


def _of_the_sample() -> QuerySet[Round]:
    """Rounds that are not over and ask for latents of the sample proper."""
    others = (RoundKind.CALIBRATION, RoundKind.READING)
    return Round.objects.exclude(state=RoundState.CLOSED).exclude(kind__in=others)


def _calibrating() -> QuerySet[Round]:
    """The open round of a latent's calibration set: until she has passed, it may be handed to her."""
    return Round.objects.filter(
        study=OuterRef("study"), state=RoundState.OPEN, calibration_set=OuterRef("calibration_set")
    )


def _same_run(study: Study) -> Q:
    here = Q(study=study)
    return here | Q(study__run=study.run_id) if study.run_id else here
