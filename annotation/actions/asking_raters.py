"""Asks more raters for a latent: two a time in an extra round, and whoever joins while it waits for people."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from annotation.actions import audit
from annotation.actions.rounds import add_slots, start_round
from annotation.enums import AuditVerb, Role, RoundKind, RoundState
from annotation.models import Institution, Rating, Round, SampledLatent, Study
from annotation.queries.barred_raters import barred_pairs
from annotation.queries.set_aside import set_aside
from annotation.queries.withheld import withheld
from annotation.rules.membership import active
from annotation.science.ambiguity import Thresholds, Verdict

PLACES = Thresholds().raters_per_extra_round


def ask_more(latent: SampledLatent, institutions: Sequence[Institution], now: datetime) -> None:
    """Two more places in the study's next extra round, for the institutions that have looked least."""
    latent.extra_rounds += 1
    quota = _least_asked(latent, institutions, PLACES, left=_left(latent))
    _lay(latent, quota, now)


def ask_newcomers(
    latent: SampledLatent, verdict: Verdict, joined: Sequence[int], institutions: Sequence[Institution], now: datetime
) -> bool:
    """Places for those who joined while the latent waited for people, two at most: those who can bring what is missing.

    joined: the institution of each. No further extra round is counted. False where none of them helps.
    """
    missing = {shortfall.criterion for shortfall in verdict.shortfalls}
    looked = set(_given(latent).values_list("institution", flat=True))
    helps = [one for one in joined if missing & {"n_eff", "answers"} or one not in looked]
    if not helps:
        return False
    places = min(PLACES, len(helps))
    able = [institution for institution in institutions if institution.pk in helps]
    _lay(latent, _least_asked(latent, able, places, left=Counter(helps), everyone=False), now)
    return True


def extra_round(*, study: Study, turn: int, now: datetime) -> Round:
    """The study's first or second extra round that is open and asks the rubric in force, or a new one."""
    open_now = study.rounds.filter(kind=RoundKind.EXTRA, state=RoundState.OPEN, rubric=study.rubric_id)
    taken = list(open_now.order_by("number"))
    return taken[turn - 1] if len(taken) >= turn else start_round(study=study, kind=RoundKind.EXTRA, now=now)


def _lay(latent: SampledLatent, quota: Sequence[Institution | None], now: datetime) -> None:
    round_ = extra_round(study=latent.study, turn=max(1, latent.extra_rounds), now=now)
    add_slots(round_=round_, latent=latent, quota=quota)
    facts = {"round": round_.number, "places": len(quota)}
    audit.record(AuditVerb.RATERS_ASKED, latent, by=None, now=now, study=latent.study, **facts)


def _given(latent: SampledLatent) -> QuerySet[Rating]:
    return Rating.objects.filter(~withheld(), ~set_aside(), latent=latent)


def _left(latent: SampledLatent) -> Counter[int | None]:
    """How many of each institution may still rate the latent."""
    closed_to = {rater for _, rater in barred_pairs([latent.pk])}
    raters = active(latent.study).filter(role=Role.ANNOTATOR)
    return Counter(raters.exclude(user__in=closed_to).values_list("institution", flat=True))


def _least_asked(
    latent: SampledLatent,
    institutions: Sequence[Institution],
    places: int,
    *,
    left: Counter[int | None],
    everyone: bool = True,
) -> list[Institution | None]:
    """Institutions by how few have rated the latent, as long as they have somebody who may; then anyone.

    left: people by institution who may rate it. everyone: a study with one institution needs no quota.
    """
    rated = Counter(_given(latent).values_list("institution", flat=True))
    left = left.copy()
    quota: list[Institution | None] = []
    for _ in range(places):
        able = [institution for institution in institutions if left[institution.pk] > 0]
        if not able or (everyone and len(institutions) < 2):
            quota.append(None)
            continue
        chosen = min(able, key=lambda institution: (rated[institution.pk], institution.pk))
        rated[chosen.pk] += 1
        left[chosen.pk] -= 1
        quota.append(chosen)
    return quota
