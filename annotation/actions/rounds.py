"""Opens and closes rounds. Opening lays out the slots and freezes the concept list."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from annotation.actions import audit
from annotation.actions.recomputing import recompute_soon
from annotation.enums import AuditVerb, LatentState, RoundKind, RoundState, SlotState
from annotation.models import Concept, Draft, Institution, Round, SampledLatent, Slot, Study, User
from annotation.queries.round_plan import UNSETTLED, plan_round
from annotation.rules.membership import check_researcher
from annotation.rules.refusal import Refused
from annotation.rules.states import check_round_open
from annotation.rules.turns import turn

RETESTED = (RoundKind.INDEPENDENT, RoundKind.EXTRA)
"""Each round of these kinds has a twin of kind retest beside it, opened and closed with it."""
BATCH = 2000


@transaction.atomic
def open_round(*, study: Study, by: User | None, now: datetime) -> Round:
    """An independent round as queries.round_plan plans it. Raises Refused where it says no."""
    check_researcher(by, study)
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    plan = plan_round(study)
    round_ = start_round(study=study, kind=RoundKind.INDEPENDENT, now=now)
    slots = (slot for latent in plan.sample for slot in _slots(round_, latent, plan.quota(latent), first=1))
    laid = Slot.objects.bulk_create(slots, batch_size=BATCH)
    study.sample.filter(state__in=UNSETTLED).update(state=LatentState.RATING)
    audit.record(AuditVerb.ROUND_OPENED, round_, by=by, now=now, study=study, slots=len(laid))
    return round_


def start_round(
    *,
    study: Study,
    kind: RoundKind,
    now: datetime,
    repeats: Round | None = None,
    calibration_set: int | None = None,
) -> Round:
    """A new open round with its concept list frozen: the first round's list, so that no rater's own term leaks.

    A round that raters are retested on gets its twin with it, where the study wants retests at all.
    """
    number = (study.rounds.aggregate(Max("number"))["number__max"] or 0) + 1
    round_ = Round(
        study=study, number=number, kind=kind, rubric=study.rubric, repeats=repeats, calibration_set=calibration_set
    )
    _open(round_, study.concepts.filter(created_by=None), now)
    if kind in RETESTED and study.retest_share > 0:
        _start_twin(round_, now)
    return round_


def _start_twin(round_: Round, now: datetime) -> None:
    """The retests of a round: as it is in all that a rater sees."""
    twin = Round(study=round_.study, number=round_.number, kind=RoundKind.RETEST, rubric=round_.rubric, repeats=round_)
    _open(twin, round_.concepts.all(), now)


def _open(round_: Round, concepts: Iterable[Concept], now: datetime) -> None:
    round_.save(force_insert=True)
    round_.concepts.set(concepts)
    round_.state, round_.opened_at = RoundState.OPEN, now
    round_.save(update_fields=["state", "opened_at"])


def open_missing_twins(*, study: Study, now: datetime) -> None:
    """For rounds that opened while the study wanted no retests."""
    open_now = study.rounds.filter(kind__in=RETESTED, state=RoundState.OPEN)
    for round_ in open_now.exclude(repeated_by__kind=RoundKind.RETEST).select_related("rubric").order_by("number"):
        _start_twin(round_, now)


def add_slots(*, round_: Round, latent: SampledLatent, quota: Sequence[Institution | None], priority: int = 0) -> None:
    """One slot for each entry of the quota. All first places come before all second ones, shuffled: breadth first."""
    taken = round_.slots.filter(latent=latent).aggregate(Max("number"))["number__max"] or 0
    Slot.objects.bulk_create(_slots(round_, latent, quota, first=taken + 1, priority=priority))


def _slots(
    round_: Round, latent: SampledLatent, quota: Sequence[Institution | None], *, first: int, priority: int = 0
) -> list[Slot]:
    return [
        Slot(
            round=round_,
            latent=latent,
            number=number,
            institution=institution,
            priority=priority + number,
            turn=turn(round_.study.seed, round_.pk, latent.pk, number),
        )
        for number, institution in enumerate(quota, start=first)
    ]


@transaction.atomic
def close_round(*, round_: Round, by: User | None, now: datetime) -> Round:
    """No more ratings; free and leased places are withdrawn, ratings and results stay. Its retests close with it."""
    check_researcher(by, round_.study)
    # Without key: a submit that is under way holds a key share on the round and waits for nothing of ours.
    round_ = Round.objects.select_for_update(no_key=True, of=("self",)).select_related("repeats").get(pk=round_.pk)
    check_round_open(round_)
    if round_.kind == RoundKind.RETEST and round_.repeats:
        raise Refused(f"These are retests of round {round_.repeats.number}: they close when that round is closed.")
    dropped = _close(round_, now)
    for twin in Round.objects.filter(repeats=round_, kind=RoundKind.RETEST, state=RoundState.OPEN):
        dropped += _close(Round.objects.select_for_update(no_key=True).get(pk=twin.pk), now)
    recompute_soon(study_id=round_.study_id)
    audit.record(
        AuditVerb.ROUND_CLOSED,
        round_,
        by=by,
        now=now,
        study=round_.study,
        ratings=round_.ratings.count(),
        dropped=dropped,
    )
    return round_


def _close(round_: Round, now: datetime) -> int:
    """How many places were withdrawn without a rating."""
    unrated = Slot.objects.select_for_update().filter(round=round_).exclude(state=SlotState.SUBMITTED)
    # The lock waits for submits that are under way, and leaves out the slots that they took.
    dropped, _ = Slot.objects.filter(pk__in=list(unrated.values_list("pk", flat=True))).delete()
    Draft.objects.filter(round=round_).delete()
    round_.state, round_.closed_at = RoundState.CLOSED, now
    round_.save(update_fields=["state", "closed_at"])
    return dropped
