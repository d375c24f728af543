"""The senior panel says what it would answer: a distribution an item, with the reason that raters read afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from annotation.actions import audit
from annotation.actions.recomputing import recompute_soon
from annotation.enums import AuditVerb, Role, RoundKind
from annotation.models import Rating, Reference, Round, SampledLatent, Slot, Study, User
from annotation.rules.answers import CONCEPT_LIMIT, RATIONALE_LIMIT, Incomplete
from annotation.rules.calibration import check_distribution
from annotation.rules.membership import check_role
from annotation.rules.referenced_items import ReferencedItem, referenced_items
from annotation.rules.refusal import Refused

PANEL = (Role.ADJUDICATOR, Role.RESEARCHER)


@dataclass(frozen=True, kw_only=True)
class GivenReference:
    """One panel member's answer to one question; without shares she gives none."""

    shares: Mapping[str, float]
    """Answer to share, 0 to 1."""
    rationale: str = ""
    clause: str = ""


@transaction.atomic
def set_reference(
    *, latent: SampledLatent, given: Mapping[str, GivenReference], by: User, now: datetime
) -> list[Reference]:
    """Store this person's reference for the latent, by key of rules.referenced_items. It stays as it is from then on.

    Raises Refused for people who may not set it, Incomplete with a sentence a question; then nothing is stored.
    """
    study = latent.study
    check_role(by, study, *PANEL)
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    _check_calibrates(latent)
    _check_open(latent)
    if Reference.objects.filter(latent=latent, set_by=by).exists():
        raise Refused("You have set your reference for this latent. A mistake in it can be corrected, with the reason.")
    _check_not_hers(latent, by)
    checked = _checked(referenced_items(study.rubric.items.order_by("position")), given)
    rows = _store(latent, checked, by, now)
    audit.record(AuditVerb.REFERENCE_SET, latent, by=by, now=now, study=study, items=sorted(checked))
    return rows


@transaction.atomic
def correct_reference(
    *, latent: SampledLatent, given: Mapping[str, GivenReference], reason: str, by: User, now: datetime
) -> list[Reference]:
    """Put another reference of hers in the place of a mistaken one, which stays on record beside it.

    Before anybody has answered the latent, nobody has been compared with the old one. Afterwards verdicts stand as
    they were given, and answers are compared with the new one from now on: results are computed anew, and say which
    they used. Raises Refused where she has set none, Incomplete with a sentence a question (`reason` among them).
    """
    study = latent.study
    check_role(by, study, *PANEL)
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    _check_calibrates(latent)
    revision = Reference.objects.filter(latent=latent, set_by=by).aggregate(Max("revision"))["revision__max"]
    if revision is None:
        raise Refused("You have set no reference for this latent, so that there is nothing to correct.")
    _check_not_hers(latent, by)
    checked = _corrected(referenced_items(study.rubric.items.order_by("position")), given, _clean(reason))
    rows = _store(latent, checked, by, now, revision=revision + 1, reason=_clean(reason))
    answered = Rating.objects.filter(latent=latent).values("rater").distinct().count()
    audit.record(
        AuditVerb.REFERENCE_CORRECTED,
        latent,
        by=by,
        now=now,
        study=study,
        items=sorted(checked),
        revision=revision + 1,
        answered=answered,
    )
    if answered:
        recompute_soon(study_id=study.pk)
    return rows


def _corrected(
    questions: tuple[ReferencedItem, ...], given: Mapping[str, GivenReference], reason: str
) -> dict[str, GivenReference]:
    """Everything that is missing is said at once, the reason among it."""
    unexplained = {"reason": "Say what was mistaken: the reason stays beside the correction."} if not reason else {}
    if len(reason) > RATIONALE_LIMIT:
        unexplained = {"reason": f"The reason is longer than {RATIONALE_LIMIT} characters. Shorten it."}
    try:
        checked = _checked(questions, given)
    except Incomplete as error:
        raise Incomplete(error.problems | unexplained) from error
    if unexplained:
        raise Incomplete(unexplained)
    return checked


def _store(
    latent: SampledLatent,
    checked: Mapping[str, GivenReference],
    by: User,
    now: datetime,
    *,
    revision: int = 1,
    reason: str = "",
) -> list[Reference]:
    return Reference.objects.bulk_create(
        Reference(
            latent=latent,
            item=key,
            distribution=one.shares,
            rationale=one.rationale,
            clause=one.clause,
            set_by=by,
            set_at=now,
            revision=revision,
            reason=reason,
        )
        for key, one in checked.items()
    )


def _check_calibrates(latent: SampledLatent) -> None:
    if latent.calibration_set is None:
        raise Refused("This latent is in no calibration set, so that it has no reference.")


def _check_open(latent: SampledLatent) -> None:
    asked = Round.objects.filter(
        study=latent.study_id, kind=RoundKind.CALIBRATION, calibration_set=latent.calibration_set
    )
    if asked.exists():
        raise Refused(
            f"Calibration set {latent.calibration_set} is open: its references are fixed, so that all raters are "
            "compared with the same."
        )


def _check_not_hers(latent: SampledLatent, by: User) -> None:
    own = SampledLatent.everything.filter(latent=latent.latent_id)
    if (
        Rating.objects.filter(latent__in=own, rater=by).exists()
        or Slot.objects.filter(latent__in=own, rater=by).exists()
    ):
        raise Refused("You rate this latent yourself, so that someone else of the panel sets its reference.")


def _checked(questions: tuple[ReferencedItem, ...], given: Mapping[str, GivenReference]) -> dict[str, GivenReference]:
    """Raises Incomplete with every problem at once."""
    problems: dict[str, str] = {}
    checked: dict[str, GivenReference] = {}
    for question in questions:
        one = given.get(question.key)
        try:
            if one is not None and any(one.shares.values()):
                checked[question.key] = _one(question, one)
            elif question.is_concept:
                raise Refused("Name at least one concept and its share: without it a latent has no reference.")
        except Refused as error:
            problems[question.item] = str(error)
    if problems:
        raise Incomplete(problems)
    return checked


def _one(question: ReferencedItem, given: GivenReference) -> GivenReference:
    offered = {answer for answer, _ in question.options}
    if not question.is_concept and (strange := sorted(set(given.shares) - offered)):
        raise Refused(f"“{question.question}” has no answer “{strange[0]}”. Reload the page.")
    if any(not answer for answer in given.shares):
        raise Refused("A share stands beside no concept. Name the concept, or take the share away.")
    if any(len(answer) > CONCEPT_LIMIT for answer in given.shares):
        raise Refused(f"A concept is longer than {CONCEPT_LIMIT} characters. Shorten it.")
    shares = check_distribution(question.question, given.shares)
    rationale, clause = _clean(given.rationale), _clean(given.clause)
    if question.is_concept and (without := [answer for answer, share in given.shares.items() if not share]):
        raise Refused(f"“{without[0]}” has no share. Say how much of the panel's opinion it holds, or take it away.")
    if question.is_concept and not rationale:
        raise Refused("Say why: raters read it beside the reference after they have answered.")
    if max(len(rationale), len(clause)) > RATIONALE_LIMIT:
        raise Refused(f"The reason or the clause is longer than {RATIONALE_LIMIT} characters. Shorten it.")
    return GivenReference(shares=shares, rationale=rationale, clause=clause)


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()
