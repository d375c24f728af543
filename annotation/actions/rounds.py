"""Opens and closes rounds. Opening lays out the slots and freezes the concept list."""

from collections.abc import Sequence
from datetime import datetime
from itertools import cycle, islice

from django.db import transaction
from django.db.models import Count, Max

from annotation.actions import audit
from annotation.actions.recomputing import recompute_soon
from annotation.enums import AuditVerb, LatentState, Role, RoundKind, RoundState, SlotState
from annotation.models import Draft, Institution, Membership, Rating, Round, SampledLatent, Slot, Study, User
from annotation.rules.membership import check_researcher
from annotation.rules.refusal import Refused
from annotation.rules.states import check_round_open
from annotation.rules.turns import turn

UNSETTLED = (LatentState.SAMPLED, LatentState.RATING, LatentState.AMBIGUOUS, LatentState.RECRUITING)


@transaction.atomic
def open_round(*, study: Study, by: User | None, now: datetime) -> Round:
    """An independent round over the latents that are not settled: `raters_per_latent` slots each, by institution.

    Raises Refused without such latents, without enough raters who have not seen them, or while another is open.
    """
    check_researcher(by, study)
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    sample = _to_be_rated(study)
    if study.rounds.filter(kind=RoundKind.INDEPENDENT).exclude(state=RoundState.CLOSED).exists():
        raise Refused("An independent round is open already. Close it before you open the next.")
    raters = Membership.objects.filter(study=study, role=Role.ANNOTATOR, user__is_active=True)
    if not raters.exists():
        raise Refused("The study has no raters. Invite physicians on the People page, then open the round.")
    if raters.count() < study.raters_per_latent:
        raise Refused(
            f"The study asks for {study.raters_per_latent} raters a latent and has {raters.count()}. "
            "Invite more on the People page, or ask for fewer."
        )
    _check_fresh_eyes(study, sample, raters.count())
    round_ = start_round(study=study, kind=RoundKind.INDEPENDENT, now=now)
    institutions = list(Institution.objects.filter(membership__in=raters).distinct().order_by("pk"))
    for latent in sample:
        add_slots(round_=round_, latent=latent, quota=_quota(institutions, study.raters_per_latent, latent.position))
    study.sample.filter(state__in=UNSETTLED).update(state=LatentState.RATING)
    audit.record(AuditVerb.ROUND_OPENED, round_, by=by, now=now, study=study, slots=round_.slots.count())
    return round_


def _to_be_rated(study: Study) -> list[SampledLatent]:
    if not study.sample.exists():
        raise Refused("The study has no sample yet. Draw it first: it says which latents are rated.")
    sample = list(study.sample.filter(state__in=UNSETTLED).order_by("position"))
    if not sample:
        raise Refused("Every latent of the sample is settled or with an adjudicator: there is nothing to rate.")
    return sample


def _check_fresh_eyes(study: Study, sample: list[SampledLatent], raters: int) -> None:
    """A rater sees a latent once: each latent needs enough people who have not."""
    given = dict(
        Rating.objects.filter(latent__in=sample)
        .values("latent")
        .annotate(Count("rater", distinct=True))
        .values_list("latent", "rater__count")
    )
    most = max(given.values(), default=0)
    if raters - most < study.raters_per_latent:
        raise Refused(
            f"{most} of the {raters} raters have rated some of these latents already, and {study.raters_per_latent} "
            "who have not are needed. Invite more on the People page."
        )


def _quota(institutions: Sequence[Institution], places: int, rotation: int) -> list[Institution | None]:
    """As equal as can be; who gets the odd place rotates with the latent. One institution: no quota."""
    if len(institutions) < 2:
        return [None] * places
    start = rotation % len(institutions)
    return list(islice(cycle([*institutions[start:], *institutions[:start]]), places))


def start_round(
    *,
    study: Study,
    kind: RoundKind,
    now: datetime,
    repeats: Round | None = None,
    calibration_set: int | None = None,
) -> Round:
    """A new open round with its concept list frozen: the first round's list, so that no rater's own term leaks."""
    number = (study.rounds.aggregate(Max("number"))["number__max"] or 0) + 1
    round_ = Round.objects.create(
        study=study, number=number, kind=kind, rubric=study.rubric, repeats=repeats, calibration_set=calibration_set
    )
    round_.concepts.set(study.concepts.filter(created_by=None))
    round_.state, round_.opened_at = RoundState.OPEN, now
    round_.save(update_fields=["state", "opened_at"])
    return round_


def add_slots(*, round_: Round, latent: SampledLatent, quota: Sequence[Institution | None], priority: int = 0) -> None:
    """One slot for each entry of the quota. All first places come before all second ones, shuffled: breadth first."""
    taken = round_.slots.filter(latent=latent).aggregate(Max("number"))["number__max"] or 0
    Slot.objects.bulk_create(
        Slot(
            round=round_,
            latent=latent,
            number=number,
            institution=institution,
            priority=priority + number,
            turn=turn(round_.study.seed, round_.pk, latent.pk, number),
        )
        for number, institution in enumerate(quota, start=taken + 1)
    )


@transaction.atomic
def close_round(*, round_: Round, by: User | None, now: datetime) -> Round:
    """No more ratings; free and leased places are withdrawn, ratings and results stay."""
    check_researcher(by, round_.study)
    # Without key: a submit that is under way holds a key share on the round and waits for nothing of ours.
    round_ = Round.objects.select_for_update(no_key=True).get(pk=round_.pk)
    check_round_open(round_)
    unrated = Slot.objects.select_for_update().filter(round=round_).exclude(state=SlotState.SUBMITTED)
    # The lock waits for submits that are under way, and leaves out the slots that they took.
    Slot.objects.filter(pk__in=list(unrated.values_list("pk", flat=True))).delete()
    Draft.objects.filter(round=round_).delete()
    round_.state, round_.closed_at = RoundState.CLOSED, now
    round_.save(update_fields=["state", "closed_at"])
    recompute_soon(study_id=round_.study_id)
    audit.record(AuditVerb.ROUND_CLOSED, round_, by=by, now=now, study=round_.study, ratings=round_.ratings.count())
    return round_
