"""Asks for blinded readings of a sample of the rationales, and closes their round."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.db import transaction

from annotation.actions import audit
from annotation.actions.rounds import start_round
from annotation.enums import AuditVerb, RoundKind, RoundState, SlotState
from annotation.models import Draft, ReadingSlot, Round, Study, User
from annotation.queries.reading_candidates import Candidate, held_out, reading_candidates
from annotation.rules.membership import check_researcher
from annotation.rules.refusal import Refused
from annotation.science.reading_trial import draw_trial, trial_seed
from annotation.science.types import Undefined

TURNS = 2**31


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What came of asking for readings."""

    laid: int
    """New places."""
    rationales: int
    """Answered rationales of latents with enough held-out snippets."""
    unreadable: int
    """Of these, such as nobody of the study could read blind."""


@transaction.atomic
def ask_readings(*, study: Study, by: User | None, now: datetime) -> Asked:
    """Places for the study's reading share of its readable rationales, in one open reading round.

    Which ones follows from the study's seed; asking again adds those that new ratings make due. Raises Refused where
    no rationale can be read.
    """
    check_researcher(by, study)
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    candidates = reading_candidates(study)
    readable = [one for one in candidates if one.readable or one.asked]
    if not candidates:
        raise Refused(
            "There is nothing to read yet: no answered rating of a latent with ten held-out snippets that fire and ten "
            "that do not."
        )
    if not readable:
        raise Refused("Nobody in the study could read a rationale blind: everyone rated these latents. Invite readers.")
    wanted = ceil(study.reading_share * len(readable)) - sum(one.asked for one in readable)
    waiting = sorted((one for one in readable if not one.asked), key=lambda one: _hash(study, "asked", one.rating))
    laid = _lay(study, waiting[: max(0, wanted)], now) if wanted > 0 else 0
    if laid:
        audit.record(AuditVerb.READINGS_ASKED, study, by=by, now=now, study=study, places=laid, of=len(readable))
    return Asked(laid=laid, rationales=len(candidates), unreadable=len(candidates) - len(readable))


def _lay(study: Study, chosen: list[Candidate], now: datetime) -> int:
    round_ = study.rounds.filter(kind=RoundKind.READING, state=RoundState.OPEN).first()
    round_ = round_ or start_round(study=study, kind=RoundKind.READING, now=now)
    slots = []
    for one in chosen:
        trial = draw_trial(held_out(one.latent), seed=trial_seed(study.seed, one.rating))
        if not isinstance(trial, Undefined):
            turn = _hash(study, "turn", one.rating) % TURNS
            slots.append(ReadingSlot(round=round_, rating_id=one.rating, number=1, snippets=list(trial), turn=turn))
    return len(ReadingSlot.objects.bulk_create(slots))


def _hash(study: Study, what: str, rating: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{study.seed}:{what}:{rating}".encode()).digest()[:8], "big")


@transaction.atomic
def close_readings(*, study: Study, by: User | None, now: datetime) -> Round:
    """Take no more readings; places that nobody has read are withdrawn. Raises Refused if no reading round is open."""
    check_researcher(by, study)
    round_ = (
        Round.objects.select_for_update(no_key=True)
        .filter(study=study, kind=RoundKind.READING, state=RoundState.OPEN)
        .first()
    )
    if round_ is None:
        raise Refused("No readings are asked for at the moment.")
    left = ReadingSlot.objects.select_for_update(of=("self",)).filter(round=round_).exclude(state=SlotState.SUBMITTED)
    ReadingSlot.objects.filter(pk__in=list(left.values_list("pk", flat=True))).delete()
    Draft.objects.filter(round=round_).delete()
    round_.state, round_.closed_at = RoundState.CLOSED, now
    round_.save(update_fields=["state", "closed_at"])
    audit.record(AuditVerb.ROUND_CLOSED, round_, by=by, now=now, study=study, readings=round_.reading_slots.count())
    return round_
