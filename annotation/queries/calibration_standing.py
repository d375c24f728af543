"""Where a rater stands with her study's calibration."""

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from annotation.enums import RoundKind, RoundState
from annotation.models import Decline, Membership, Rating, Reference, Round, SampledLatent
from annotation.models.prepared import prepared
from annotation.rules.calibration import SetPart, Standing, standing


def calibration_standing(membership: Membership) -> Standing:
    """Of an annotator. No statement for one who has passed, one where nothing was opened, two otherwise."""
    if membership.calibrated_at:
        return standing((), calibrated=True)
    opened = dict(_opened(membership.study_id))
    if not opened:
        return standing((), calibrated=False)
    return standing(set_parts(membership, opened), calibrated=False)


@prepared
def _opened(study: int) -> QuerySet[Round, tuple[int | None, str]]:
    sets = Round.objects.filter(study=study, kind=RoundKind.CALIBRATION).exclude(state=RoundState.DRAFT)
    return sets.order_by("number").values_list("calibration_set", "state")


def set_parts(membership: Membership, opened: dict[int | None, str]) -> list[SetPart]:
    """What each opened set holds for her. One statement."""
    counted = {
        row["calibration_set"]: (row["latents"], row["left"])
        for row in for_rater(membership)
        .filter(calibration_set__in=[number for number in opened if number])
        .values("calibration_set")
        .annotate(latents=Count("pk"), left=Count("pk", filter=Q(done=False)))
        .order_by()
    }
    return [
        SetPart(
            set=number,
            open=state == RoundState.OPEN,
            latents=counted.get(number, (0, 0))[0],
            left=counted.get(number, (0, 0))[1],
        )
        for number, state in sorted((number, state) for number, state in opened.items() if number)
    ]


def for_rater(membership: Membership) -> QuerySet[Any]:
    """Calibration latents that she may be handed, with `done`: she has rated it, or it is not her field."""
    person = membership.user_id
    own = Reference.objects.filter(latent=OuterRef("pk"), set_by=person)
    rated = Rating.objects.filter(latent=OuterRef("pk"), rater=person)
    declined = Decline.objects.filter(latent=OuterRef("pk"), rater=person)
    return (
        SampledLatent.everything.filter(study=membership.study_id)
        .exclude(calibration_set=None)
        .filter(~Exists(own))
        .annotate(done=Exists(rated) | Exists(declined))
    )
