"""After every computation: which latents are settled, which need more raters, which go to adjudication."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet

from annotation.actions import audit
from annotation.actions.cases import open_case
from annotation.actions.rounds import add_slots, start_round
from annotation.enums import AuditVerb, ItemKind, LatentState, Role, RoundKind, RoundState, SlotState
from annotation.models import (
    Consensus,
    Institution,
    Membership,
    Rating,
    Round,
    SampledLatent,
    Study,
)
from annotation.queries.barred_raters import barred_pairs
from annotation.queries.results import newest_run
from annotation.queries.withheld import withheld
from annotation.rules.membership import active
from annotation.science.ambiguity import Thresholds, Verdict, judge
from annotation.science.clc_result import LatentConsensus
from annotation.science.types import Undefined
from annotation.transitions import DECIDED_STATES

STATE_FOR = {
    "accepted": LatentState.ACCEPTED,
    "needs_raters": LatentState.AMBIGUOUS,
    "recruiting": LatentState.RECRUITING,
    "persistent": LatentState.PERSISTENT,
}


@transaction.atomic
def follow_up(*, study_id: int, now: datetime) -> None:
    """Apply the ambiguity rule to every latent whose places are all taken. Running it again changes nothing more."""
    study = Study.objects.select_for_update(no_key=True).get(pk=study_id)
    run = newest_run(study)
    if run is None:
        return
    thresholds = study_thresholds(study)
    institutions = _institutions(study)
    found = {row.latent_id: row for row in Consensus.objects.filter(run=run, item=_deciding_item(study))}
    for latent in complete_latents(study).filter(newest__lte=run.last_rating):
        row = found.get(latent.pk)
        if row is not None and row.ratings + row.cannot_tell < latent.given:
            continue  # A rating came in while this was computed; the next computation has it.
        verdict = judge(
            as_consensus(row),
            thresholds,
            extra_rounds_used=latent.extra_rounds,
            institutions_in_study=max(1, len(institutions)),
        )
        _apply(latent, verdict, institutions, now)


def study_thresholds(study: Study) -> Thresholds:
    return Thresholds(
        q=study.accept_q, theta=study.accept_theta, n_eff=study.accept_n_eff, flip_rate=study.accept_flip_rate
    )


def as_consensus(row: Consensus | None) -> LatentConsensus | Undefined:
    """A stored row as the statistics know it."""
    if row is None:
        return Undefined("Nobody has answered for this latent: every rater said “cannot tell”.")
    return LatentConsensus(
        latent=str(row.latent_id),
        classes=tuple(row.classes),
        q=tuple(row.q),
        theta=tuple(row.theta),
        n_eff=row.n_eff,
        flip_rate=row.flip_rate,
        entropy=row.entropy,
        n_raters=row.ratings,
        n_institutions=row.institutions,
        cannot_tell=row.cannot_tell,
        weights=row.weights,
    )


def _deciding_item(study: Study) -> str:
    """The item whose ambiguity decides: the concept."""
    item = study.rubric.items.filter(kind=ItemKind.CONCEPT).first() or study.rubric.items.earliest("position")
    return item.key


def _institutions(study: Study) -> list[Institution]:
    members = active(study).filter(role=Role.ANNOTATOR)
    return list(Institution.objects.filter(membership__in=members).distinct().order_by("pk"))


def complete_latents(study: Study) -> QuerySet[Any]:
    """SampledLatents that were rated and wait for nobody, undecided: with `given` raters and the `newest` rating.

    Raters whose ratings are withheld are not among those given.
    """
    waiting = Q(slots__round__state=RoundState.OPEN) & ~Q(slots__state=SlotState.SUBMITTED)
    # A retest tells how steady a rater is. The latent does not wait for it.
    waiting &= ~Q(slots__round__kind=RoundKind.RETEST)
    gone = Membership.objects.filter(study=study, ratings_withheld=True).values("user")
    return (
        study.sample.exclude(state__in=[LatentState.SAMPLED, LatentState.PERSISTENT, *DECIDED_STATES])
        .annotate(
            places_left=Count("slots", filter=waiting, distinct=True),
            given=Count("ratings__rater", filter=~Q(ratings__rater__in=gone), distinct=True),
            newest=Max("ratings__pk"),
        )
        .filter(places_left=0, newest__isnull=False)
        .order_by("position")
    )


def _apply(latent: SampledLatent, verdict: Verdict, institutions: list[Institution], now: datetime) -> None:
    state = STATE_FOR[verdict.outcome]
    reason = " ".join([*verdict.reasons, verdict.next_step])
    if state == LatentState.AMBIGUOUS:
        _ask_more(latent, institutions, now)
    if state == LatentState.PERSISTENT:
        open_case(latent=latent, why=_why(verdict), now=now)
    if (latent.state, latent.state_reason) != (state, reason):
        latent.state, latent.state_reason = state, reason
        latent.save(update_fields=["state", "state_reason", "extra_rounds"])


WHY = {
    "answers": "Nobody could tell from the snippets.",
    "q": "No single answer is certain enough.",
    "theta": "Opinion is divided.",
    "flip_rate": "Other raters might well have changed the answer.",
    "n_eff": "Few of the opinions are independent.",
    "institutions": "Only one institution has looked.",
}


def _why(verdict: Verdict) -> str:
    """What the adjudicator is told: which criteria failed, neither figures nor the leading answer."""
    return " ".join(WHY[shortfall.criterion] for shortfall in verdict.shortfalls)


def _ask_more(latent: SampledLatent, institutions: list[Institution], now: datetime) -> None:
    """Two more places in the study's next extra round, for the institutions that have looked least."""
    latent.extra_rounds += 1
    places = Thresholds().raters_per_extra_round
    round_ = extra_round(study=latent.study, turn=latent.extra_rounds, now=now)
    add_slots(round_=round_, latent=latent, quota=_least_asked(latent, institutions, places))
    audit.record(
        AuditVerb.RATERS_ASKED, latent, by=None, now=now, study=latent.study, round=round_.number, places=places
    )


def extra_round(*, study: Study, turn: int, now: datetime) -> Round:
    """The study's first or second extra round that is open and asks the rubric in force, or a new one."""
    open_now = study.rounds.filter(kind=RoundKind.EXTRA, state=RoundState.OPEN, rubric=study.rubric_id)
    taken = list(open_now.order_by("number"))
    return taken[turn - 1] if len(taken) >= turn else start_round(study=study, kind=RoundKind.EXTRA, now=now)


def _least_asked(latent: SampledLatent, institutions: list[Institution], places: int) -> list[Institution | None]:
    """Institutions by how few have rated the latent, as long as they have somebody who may; then anyone."""
    given = Rating.objects.filter(latent=latent).filter(~withheld())
    rated = Counter(given.values_list("institution", flat=True))
    closed_to = {rater for _, rater in barred_pairs([latent.pk])}
    raters = active(latent.study).filter(role=Role.ANNOTATOR)
    left = Counter(raters.exclude(user__in=closed_to).values_list("institution", flat=True))
    quota: list[Institution | None] = []
    for _ in range(places):
        able = [institution for institution in institutions if left[institution.pk] > 0]
        if not able or len(institutions) < 2:
            quota.append(None)
            continue
        chosen = min(able, key=lambda institution: (rated[institution.pk], institution.pk))
        rated[chosen.pk] += 1
        left[chosen.pk] -= 1
        quota.append(chosen)
    return quota
