"""What opening the next round will ask of people, and what closing an open one would drop."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Exists, Max, OuterRef, Q

from annotation.enums import RoundKind, RoundState, SlotState
from annotation.models import Draft, Rating, Round, Slot, Study
from annotation.queries.round_plan import RoundPlan, plan_round
from annotation.queries.work_cost import Pace, study_pace
from annotation.rules.refusal import Refused


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one institution's raters, or all of them, are asked for."""

    name: str
    """Empty where places are for anyone."""
    raters: int
    places: int
    minutes: float
    money: Decimal | None

    @property
    def each(self) -> float:
        """Ratings a rater, if they take equal parts."""
        return self.places / self.raters

    @property
    def minutes_each(self) -> float:
        return self.minutes / self.raters


@dataclass(frozen=True, kw_only=True)
class Opening:
    refusal: str
    """Why no round can be opened now; the rest is empty then."""
    latents: int = 0
    shares: tuple[Share, ...] = ()
    retests: int = 0
    """Expected beside the places, by the study's share."""
    total: Share | None = None
    """With the retests."""


@dataclass(frozen=True, kw_only=True)
class Closing:
    number: int
    kind: RoundKind
    places: int
    rated: int
    missing: int
    """Places without a rating: they are withdrawn."""
    in_hand: int
    """Of these, with a rater now."""
    drafts: int
    """Begun and not sent: thrown away."""
    retests: int
    """Not rated yet: dropped as well."""
    last_retest: datetime | None
    """When the last of them comes due."""
    unrated: int
    """Latents of the round that nobody has rated in it."""
    short: int
    """Latents with some of their ratings, and not all."""
    minutes: float
    """Of work that would still be given."""
    money: Decimal | None


@dataclass(frozen=True, kw_only=True)
class RoundPreview:
    pace: Pace
    opening: Opening
    closing: tuple[Closing, ...]


def round_preview(study: Study, *, retests: bool) -> RoundPreview:
    """The same number of statements however large the study is; four for each open round.

    retests: whether the reader may know how many wait (rules.blinding.retests_visible).
    """
    pace = study_pace(study)
    open_now = study.rounds.filter(state=RoundState.OPEN).exclude(kind__in=[RoundKind.RETEST, RoundKind.READING])
    return RoundPreview(
        pace=pace,
        opening=_opening(study, pace),
        closing=tuple(_closing(round_, pace, retests=retests) for round_ in open_now.order_by("number")),
    )


def _opening(study: Study, pace: Pace) -> Opening:
    try:
        plan = plan_round(study)
    except Refused as error:
        return Opening(refusal=str(error))
    places = plan.raters_per_latent * len(plan.sample)
    retests = round(study.retest_share * places)
    return Opening(
        refusal="",
        latents=len(plan.sample),
        shares=_shares(plan, pace),
        retests=retests,
        total=_share("", len(plan.raters), places + retests, pace),
    )


def _shares(plan: RoundPlan, pace: Pace) -> tuple[Share, ...]:
    names = {institution.pk: institution.name for institution in plan.institutions}
    places = Counter(place.pk for latent in plan.sample for place in plan.quota(latent) if place)
    raters = Counter(rater.institution_id for rater in plan.raters)
    if not places:
        return (_share("", len(plan.raters), plan.raters_per_latent * len(plan.sample), pace),)
    return tuple(_share(names[pk], raters[pk], places[pk], pace) for pk in sorted(names, key=names.__getitem__))


def _share(name: str, raters: int, places: int, pace: Pace) -> Share:
    return Share(name=name, raters=raters, places=places, minutes=pace.minutes(places), money=pace.money(places))


def _closing(round_: Round, pace: Pace, *, retests: bool) -> Closing:
    counted = Slot.objects.filter(round=round_).aggregate(
        places=Count("pk"),
        rated=Count("pk", filter=Q(state=SlotState.SUBMITTED)),
        in_hand=Count("pk", filter=Q(state=SlotState.LEASED)),
    )
    twin = Slot.objects.filter(round__repeats=round_, round__kind=RoundKind.RETEST).exclude(state=SlotState.SUBMITTED)
    twin = twin if retests else twin.none()
    waiting = twin.aggregate(places=Count("pk"), last=Max("not_before"))
    missing = counted["places"] - counted["rated"]
    given = Rating.objects.filter(round=round_, latent=OuterRef("latent"))
    open_latents = Slot.objects.filter(round=round_).exclude(state=SlotState.SUBMITTED).annotate(given=Exists(given))
    latents = open_latents.aggregate(
        unrated=Count("latent", filter=Q(given=False), distinct=True),
        short=Count("latent", filter=Q(given=True), distinct=True),
    )
    return Closing(
        number=round_.number,
        kind=RoundKind(round_.kind),
        missing=missing,
        drafts=Draft.objects.filter(round=round_).count(),
        retests=waiting["places"],
        last_retest=waiting["last"],
        minutes=pace.minutes(missing),
        money=pace.money(missing),
        **counted,
        **latents,
    )
