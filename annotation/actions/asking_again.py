"""Asks the same raters once more, under the rubric that is in force now."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet

from annotation.actions import audit
from annotation.actions.rounds import start_round
from annotation.enums import AuditVerb, Role, RoundKind, RoundState
from annotation.models import Decline, Rating, Round, Slot, Study, User
from annotation.rules.membership import active, check_researcher
from annotation.rules.refusal import Refused
from annotation.rules.turns import turn
from annotation.transitions import DECIDED_STATES


@transaction.atomic
def ask_again(*, study: Study, ratings: Iterable[Rating], by: User | None, now: datetime) -> Round:
    """A round under the study's rubric with a place for each latent and rater of these ratings, hers alone.

    Left out are ratings under this rubric version, of calibration latents, of decided latents, and of people who rate
    no more; and pairs that are asked for already. An open round that asks again under this version takes the new
    places in. Raises Refused if nothing is left to ask.
    """
    check_researcher(by, study)
    study = Study.objects.select_for_update(no_key=True, of=("self",)).select_related("rubric").get(pk=study.pk)
    chosen = list(_to_ask(study, [rating.pk for rating in ratings]))
    if not chosen:
        raise Refused(
            "None of these ratings can be asked for again: they were given under the rubric version in force, their "
            "latents are decided, their raters have left, or they are asked for already."
        )
    open_now = study.rounds.filter(kind=RoundKind.AGAIN, rubric=study.rubric, state=RoundState.OPEN)
    round_ = open_now.order_by("number").first() or start_round(
        study=study, kind=RoundKind.AGAIN, repeats=chosen[0].round, now=now
    )
    _lay(round_, {(rating.latent_id, rating.rater_id) for rating in chosen})
    audit.record(
        AuditVerb.RATINGS_ASKED_AGAIN,
        round_,
        by=by,
        now=now,
        study=study,
        ratings=sorted(rating.pk for rating in chosen),
        rubric=study.rubric_id,
    )
    return round_


def _to_ask(study: Study, wanted: list[int]) -> QuerySet[Rating]:
    raters = active(study).filter(role=Role.ANNOTATOR).values("user")
    asked = Slot.objects.filter(round__study=study, round__kind=RoundKind.AGAIN, round__rubric=study.rubric)
    # Neither whom it is asked already, nor who gave the latent back since: it does not come to her again.
    pairs = {*asked.values_list("latent", "reserved_for"), *_declined(study)}
    ratings = (
        Rating.objects.filter(pk__in=wanted, study=study, rater__in=raters, latent__calibration_set=None)
        .exclude(round__rubric=study.rubric)
        .exclude(latent__state__in=DECIDED_STATES)
        .select_related("round")
    )
    taken = [pk for pk, latent, rater in ratings.values_list("pk", "latent", "rater") if (latent, rater) in pairs]
    return ratings.exclude(pk__in=taken).order_by("round", "pk")


def _declined(study: Study) -> QuerySet[Decline, tuple[int, int]]:
    return Decline.objects.filter(latent__study=study).values_list("latent", "rater")


def _lay(round_: Round, pairs: Iterable[tuple[int, int]]) -> None:
    """One place a pair; a second rating of the same pair, such as a retest, asks for no second place."""
    numbers = Counter(dict(round_.slots.values_list("latent").annotate(Max("number")).order_by()))
    places = []
    for latent, rater in sorted(pairs):
        numbers[latent] += 1
        places.append(
            Slot(
                round=round_,
                latent_id=latent,
                number=numbers[latent],
                reserved_for_id=rater,
                turn=turn(round_.study.seed, round_.pk, latent, rater),
            )
        )
    Slot.objects.bulk_create(places)
