"""Ratings that were made elsewhere come in as a round of their own, with their provenance, whole or not at all."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from django.db import transaction
from django.db.models import Max
from django.utils.crypto import salted_hmac

from annotation.actions import audit
from annotation.actions.institutions import add_institution
from annotation.actions.rating import find_or_add_concepts
from annotation.actions.recomputing import recompute_soon
from annotation.enums import AuditVerb, Outcome, Role, RoundKind, RoundState, SlotState
from annotation.interop.label_studio.reading import Export, ForeignAnswer, read_export
from annotation.interop.unreadable import Unreadable
from annotation.models import (
    AuditEvent,
    Concept,
    ExternalRater,
    ExternalRound,
    Institution,
    Membership,
    Rating,
    Round,
    RubricItem,
    RubricVersion,
    SampledLatent,
    Slot,
    Study,
    User,
)
from annotation.queries.rubric_versions import visible_versions
from annotation.rules.answers import Answers, Incomplete, check_answers
from annotation.rules.membership import check_researcher
from annotation.rules.refusal import Refused

SALT = "consilium.external-rater"
LABEL_STUDIO = "label-studio"
BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What the researcher says of a file of ratings."""

    source: str
    """Where they were made, and on what terms they may be used, in words."""
    exported_by: str
    institution: str
    """Code of the raters' institution."""
    institution_name: str = ""
    """Of one that is not known here yet."""
    rubric_version: int | None = None
    """Number of the version of the study's rubric that was asked; None for what the tasks say."""
    counts: bool
    """Whether the statistics take these ratings. Final."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a file holds, before anything is stored."""

    digest: str
    version: RubricVersion
    answers: int
    latents: int
    annotators: int
    outcomes: Counter[str]
    passed: Counter[str]
    """What is passed over: why, to how many."""


@dataclass(frozen=True)
class _Read:
    export: Export
    version: RubricVersion
    ratings: tuple[tuple[ForeignAnswer, SampledLatent, Answers], ...]
    passed: Counter[str]


def survey_ratings(*, study: Study, path: Path, rubric_version: int | None, by: User | None) -> Survey:
    """Read and check all of the file. Raises Refused with the first thing that is wrong, NotYours for a stranger."""
    check_researcher(by, study)
    read = _read(study, path, rubric_version)
    answers = [answer for answer, _, _ in read.ratings]
    return Survey(
        digest=read.export.digest,
        version=read.version,
        answers=len(answers),
        latents=len({answer.latent for answer in answers}),
        annotators=len({answer.annotator for answer in answers}),
        outcomes=Counter(str(checked.outcome) for _, _, checked in read.ratings),
        passed=read.passed,
    )


@transaction.atomic
def import_ratings(*, study: Study, path: Path, said: Provenance, by: User | None, now: datetime) -> ExternalRound:
    """The file's ratings as an external round of the study, closed. Raises Refused where anything of it is wrong, for
    anyone but a researcher, and for a file that is here already."""
    check_researcher(by, study)
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    _check_said(study, said)
    read = _read(study, path, said.rubric_version)
    institution = add_institution(code=said.institution, name=said.institution_name, by=by, now=now)
    raters = _raters(study, institution, [answer.annotator for answer, _, _ in read.ratings], now)
    round_ = _round(study, read.version, now)
    _store(round_, institution, raters, read, now)
    _close(round_, now)
    found = ExternalRound.objects.create(
        round=round_,
        tool=LABEL_STUDIO,
        source=said.source.strip(),
        exported_by=said.exported_by.strip(),
        institution=institution,
        file=path.name[:255],
        digest=read.export.digest,
        counts=said.counts,
        passed=dict(read.passed),
        imported_by=by,
        imported_at=now,
    )
    if said.counts:
        recompute_soon(study_id=study.pk)
    audit.record(
        AuditVerb.ROUND_IMPORTED,
        round_,
        by=by,
        now=now,
        study=study,
        ratings=len(read.ratings),
        raters=len(raters),
        digest=found.digest,
        counts=said.counts,
    )
    return found


def _check_said(study: Study, said: Provenance) -> None:
    if study.simulated:
        raise Refused("The ratings of this study are simulated: what people said elsewhere does not belong there.")
    if not said.source.strip():
        raise Refused("Say in words where the ratings were made and on what terms they may be used.")
    if not 0 < len(said.exported_by.strip()) <= 120:
        raise Refused("Say who exported the ratings, in at most 120 characters.")
    if not said.institution.strip():
        raise Refused("Name the institution of the raters: by its code here, or a new code with its name.")


def _read(study: Study, path: Path, rubric_version: int | None) -> _Read:
    try:
        export = read_export(path)
    except Unreadable as error:
        raise Refused(str(error)) from error
    there = ExternalRound.objects.filter(round__study=study, digest=export.digest).select_related("round").first()
    if there is not None:
        raise Refused(f"{path.name} is here already: it is round {there.round.number}.")
    answers, own = _from_elsewhere(study, export)
    passed = export.passed + Counter({"of raters of this study, from a release of it": own} if own else {})
    if not answers:
        raise _nothing(path, passed)
    version = _version(study, answers, rubric_version)
    latents = {one.latent.index: one for one in study.sample.select_related("latent")}
    items = list(version.items.order_by("position"))
    ratings = []
    seen: dict[tuple[int, str], str] = {}
    for answer in answers:
        latent = latents.get(answer.latent)
        if latent is None:
            passed["on latents that are not in the study's sample"] += 1
            continue
        _check_latent(answer, latent)
        key = (answer.latent, answer.annotator)
        if key in seen:
            raise Refused(f"{answer.place}: the same annotator rated this latent already, in {seen[key]}.")
        seen[key] = answer.place
        ratings.append((answer, latent, _checked(answer, items, version)))
    if not ratings:
        raise _nothing(path, passed)
    return _Read(export, version, tuple(ratings), passed)


def _nothing(path: Path, passed: Counter[str]) -> Refused:
    over = "; ".join(f"{number:,} {why}" for why, number in passed.items())
    return Refused(f"{path.name} holds no rating to be taken.{f' Passed over: {over}.' if over else ''}")


def _from_elsewhere(study: Study, export: Export) -> tuple[list[ForeignAnswer], int]:
    """Without what left this study in a release and comes back, which it has already; and how many those were."""
    cut = AuditEvent.objects.filter(study=study.pk, verb=AuditVerb.RELEASE_CUT).values_list("detail", flat=True)
    own = {str(detail.get("manifest")) for detail in cut}
    kept = [answer for answer in export.answers if answer.released not in own]
    return kept, len(export.answers) - len(kept)


def _version(study: Study, answers: Sequence[ForeignAnswer], wanted: int | None) -> RubricVersion:
    """Of the study's own rubric."""
    told = {answer.rubric_version for answer in answers if answer.rubric_version is not None}
    if wanted is None and len(told) == 1:
        wanted = told.pop()
    if wanted is None:
        raise Refused(
            "The file does not say, or says differently, which version of the rubric was asked. Say its number "
            "(--rubric-version)."
        )
    versions = visible_versions(study).filter(rubric=study.rubric.rubric_id, published_at__isnull=False)
    version = versions.filter(number=wanted).first()
    if version is None:
        raise Refused(f"The study's rubric has no published version {wanted}.")
    return version


def _check_latent(answer: ForeignAnswer, latent: SampledLatent) -> None:
    if answer.identity != latent.latent.identity:
        raise Refused(
            f"{answer.place}: latent {answer.latent} is another one there: its identity differs. These ratings are of "
            "another SAE, model or mining run."
        )


def _checked(answer: ForeignAnswer, items: Sequence[RubricItem], version: RubricVersion) -> Answers:
    known = {"outcome", "rationale", *(item.key for item in items)}
    if unknown := sorted(set(answer.raw) - known):
        raise Refused(
            f"{answer.place}: answers “{unknown[0][:40]}”, which version {version.number} of the rubric does not ask."
        )
    try:
        return check_answers(items, answer.raw)
    except Incomplete as error:
        raise Refused(f"{answer.place}: {error}") from error


def _raters(study: Study, institution: Institution, annotators: Iterable[str], now: datetime) -> dict[str, Membership]:
    """By annotator: who was here with another file, or a new pseudonym, X01 and up. Nobody can sign in as one."""
    keys = {one: salted_hmac(SALT, f"{institution.code}\n{one}", algorithm="sha256").hexdigest() for one in annotators}
    known = ExternalRater.objects.filter(membership__study=study, annotator__in=keys.values())
    here = {one.annotator: one.membership for one in known.select_related("membership__user")}
    taken = ExternalRater.objects.filter(membership__study=study).count()
    found = {}
    for one, key in sorted(keys.items(), key=lambda pair: pair[1]):
        if key not in here:
            taken += 1
            here[key] = _rater(study, institution, f"X{taken:02d}", key, now)
        found[one] = here[key]
    return found


def _rater(study: Study, institution: Institution, pseudonym: str, key: str, now: datetime) -> Membership:
    user = User.objects.create_user(
        f"{pseudonym.lower()}.{study.pk}@external.invalid", name=f"External rater {pseudonym}", is_active=False
    )
    membership = Membership.objects.create(
        study=study, user=user, role=Role.ANNOTATOR, institution=institution, pseudonym=pseudonym, joined_at=now
    )
    ExternalRater.objects.create(membership=membership, annotator=key)
    return membership


def _round(study: Study, version: RubricVersion, now: datetime) -> Round:
    number = (study.rounds.aggregate(Max("number"))["number__max"] or 0) + 1
    return Round.objects.create(
        study=study, number=number, kind=RoundKind.EXTERNAL, rubric=version, state=RoundState.OPEN, opened_at=now
    )


def _close(round_: Round, now: datetime) -> None:
    round_.state, round_.closed_at = RoundState.CLOSED, now
    round_.save(update_fields=["state", "closed_at"])


def _store(round_: Round, institution: Institution, raters: dict[str, Membership], read: _Read, now: datetime) -> None:
    """A place and a rating each."""
    places: Counter[int] = Counter()
    slots, concepts = [], _concepts(round_.study, raters, read, now)
    for answer, latent, _ in read.ratings:
        places[latent.pk] += 1
        rater = raters[answer.annotator].user
        slots.append(
            Slot(
                round=round_,
                latent=latent,
                number=places[latent.pk],
                institution=institution,
                state=SlotState.SUBMITTED,
                rater=rater,
            )
        )
    slots = Slot.objects.bulk_create(slots, batch_size=BATCH)
    Rating.objects.bulk_create(
        (
            _rating(slot, institution, answer, checked, concepts.get(checked.concept.lower()), read.export.digest, now)
            for slot, (answer, _, checked) in zip(slots, read.ratings, strict=True)
        ),
        batch_size=BATCH,
    )


def _concepts(study: Study, raters: dict[str, Membership], read: _Read, now: datetime) -> dict[str, Concept]:
    """By small letters; new ones are whose annotator wrote them first."""
    wanted: dict[str, dict[str, str]] = {}
    for answer, _, checked in read.ratings:
        if checked.outcome == Outcome.ANSWERED:
            wanted.setdefault(answer.annotator, {}).setdefault(checked.concept.lower(), checked.concept)
    found: dict[str, Concept] = {}
    for annotator, names in wanted.items():
        new = [name for small, name in names.items() if small not in found]
        rows = find_or_add_concepts(study=study, names=new, by=raters[annotator].user, now=now)
        found |= {name.lower(): row for name, row in zip(new, rows, strict=True)}
    return found


def _rating(
    slot: Slot,
    institution: Institution,
    answer: ForeignAnswer,
    checked: Answers,
    concept: Concept | None,
    digest: str,
    now: datetime,
) -> Rating:
    answered = checked.outcome == Outcome.ANSWERED
    return Rating(
        study_id=slot.round.study_id,
        latent=slot.latent,
        round=slot.round,
        rater=slot.rater,
        institution=institution,
        slot=slot,
        submit_token=uuid5(NAMESPACE_URL, f"urn:consilium:{slot.round_id}:{digest}:{answer.place}"),
        outcome=checked.outcome,
        concept=concept if answered else None,
        concept_written=checked.concept if answered else "",
        answers=checked.values,
        rationale=checked.rationale,
        submitted_at=min(answer.at, now) if answer.at else now,
    )
