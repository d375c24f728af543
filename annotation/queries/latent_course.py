"""What happened to a latent in the study, in order: which round asked whom, what came of it, who decided."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Max, Min, Q

from annotation.enums import Role, RoundKind
from annotation.models import Case, Decision, Membership, Rating, Round, SampledLatent
from annotation.queries.current_decision import current_decision
from annotation.rules.blinding import raters_visible, retests_visible


@dataclass(frozen=True, kw_only=True)
class RoundEntry:
    """One round that asked for the latent."""

    round: Round
    asked: int
    """Places on this latent."""
    answered: int
    """Raters whose answer counts."""
    institutions: int
    first: datetime | None
    last: datetime | None
    led_on: bool
    """Whether a later round asked more raters for it: what this one gave did not settle it."""


@dataclass(frozen=True, kw_only=True)
class LatentCourse:
    rounds: tuple[RoundEntry, ...]
    case: Case | None
    decision: Decision | None
    """The one that counts. None also for who adjudicates here: the latent may come back to her."""


def latent_course(sampled: SampledLatent, *, roles: Collection[Role]) -> LatentCourse:
    """Up to four statements. Retests are told of only to whom they may be (rules.blinding)."""
    hidden = [] if retests_visible(roles) else [RoundKind.RETEST]
    rounds = list(
        Round.objects.filter(slots__latent=sampled)
        .exclude(kind__in=hidden)
        .annotate(
            asked=Count("slots", filter=Q(slots__latent=sampled)),
        )
        .order_by(F("opened_at").asc(nulls_last=True), "pk")
    )
    gone = Membership.objects.filter(study=sampled.study_id, ratings_withheld=True).values("user")
    given: dict[int, Mapping[str, object]] = {
        row["round"]: row
        for row in Rating.objects.filter(latent=sampled)
        .exclude(rater__in=gone)
        .values("round")
        .annotate(
            raters=Count("rater", distinct=True),
            institutions=Count("institution", distinct=True),
            first=Min("submitted_at"),
            last=Max("submitted_at"),
        )
        .order_by()
    }
    extra = [place for place, each in enumerate(rounds) if each.kind == RoundKind.EXTRA]
    entries = tuple(
        _entry(each, given.get(each.pk, {}), led_on=any(later > place for later in extra))
        for place, each in enumerate(rounds)
    )
    case = Case.objects.filter(latent=sampled).order_by("-pk").first()
    decision = current_decision(case) if case and raters_visible(roles) else None
    return LatentCourse(rounds=entries, case=case, decision=decision)


def _entry(each: Round, given: Mapping[str, object], *, led_on: bool) -> RoundEntry:
    first, last = given.get("first"), given.get("last")
    return RoundEntry(
        round=each,
        asked=vars(each)["asked"],
        answered=int(str(given.get("raters", 0))),
        institutions=int(str(given.get("institutions", 0))),
        first=first if isinstance(first, datetime) else None,
        last=last if isinstance(last, datetime) else None,
        led_on=led_on and each.kind in (RoundKind.INDEPENDENT, RoundKind.EXTRA),
    )
