"""A study's calibration sets: their latents, whose reference is set by how many, and which round asks them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from annotation.enums import RoundKind, RoundState
from annotation.models import Rating, Reference, Round, SampledLatent, Slot, Study, User


@dataclass(frozen=True, kw_only=True)
class SetLatent:
    """One latent of a calibration set, as the panel finds it."""

    pk: int
    number: int
    """Its place in the set, from 1."""
    panel: int
    """People who have set its reference."""
    answered: int
    """Raters who have answered it."""
    own: bool
    """She has set it."""
    hers_to_rate: bool
    """She has rated it or holds a place on it: its reference is closed to her."""


@dataclass(frozen=True, kw_only=True)
class CalibrationSet:
    number: int
    latents: tuple[SetLatent, ...]
    round: Round | None

    @property
    def referenced(self) -> int:
        return sum(latent.panel > 0 for latent in self.latents)

    @property
    def complete(self) -> bool:
        """Every latent has a reference."""
        return self.referenced == len(self.latents)

    @property
    def state(self) -> str:
        return self.round.state if self.round else RoundState.DRAFT

    @property
    def next_for_panel(self) -> SetLatent | None:
        """The first latent that still lacks this person's reference and that she may set."""
        if self.round:
            return None
        return next((latent for latent in self.latents if not latent.own and not latent.hers_to_rate), None)


def calibration_sets(study: Study, user: User | None = None) -> tuple[CalibrationSet, ...]:
    """The sets in order; empty where none is drawn. With `user`, what she has set herself. Two statements."""
    person = user.pk if user else 0
    rated = Exists(Rating.objects.filter(latent=OuterRef("pk"), rater=person))
    held = Exists(Slot.objects.filter(latent=OuterRef("pk"), rater=person))
    rows = (
        SampledLatent.everything.filter(study=study)
        .exclude(calibration_set=None)
        .annotate(
            panel=Count("references__set_by", distinct=True),
            answered=Count("ratings__rater", distinct=True),
            own=Exists(Reference.objects.filter(latent=OuterRef("pk"), set_by=person)),
            closed=rated | held,
        )
        .order_by("calibration_set", "position")
    )
    latents: dict[int, list[SetLatent]] = {}
    for row in rows:
        assert row.calibration_set is not None
        of_set = latents.setdefault(row.calibration_set, [])
        of_set.append(
            SetLatent(
                pk=row.pk,
                number=len(of_set) + 1,
                panel=row.panel,
                answered=row.answered,
                own=row.own,
                hers_to_rate=row.closed,
            )
        )
    rounds = _rounds(study) if latents else {}
    return tuple(
        CalibrationSet(number=number, latents=tuple(of_set), round=rounds.get(number))
        for number, of_set in latents.items()
    )


def _rounds(study: Study) -> dict[int, Round]:
    """The newest round of each set."""
    found: Iterable[Round] = Round.objects.filter(study=study, kind=RoundKind.CALIBRATION).order_by("number")
    return {round_.calibration_set: round_ for round_ in found if round_.calibration_set is not None}
