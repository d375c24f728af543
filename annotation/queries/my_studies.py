"""A person's studies, and what each of her roles can do there next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from annotation.enums import LatentState, Role, RoundKind, RoundState
from annotation.models import Membership, Rating, Study, User
from annotation.queries.case_queue import Standing, case_queue
from annotation.queries.membership_totals import institutions_coordinated, rater_count
from annotation.queries.next_step import next_step
from annotation.queries.rater_workload import workloads
from annotation.queries.reach import Reach, reaches
from annotation.queries.report_list import waiting_count
from annotation.queries.round_progress import round_progress
from annotation.queries.sample_frame import sample_frame
from annotation.rules.calibration import CalibrationState


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What one role can do next."""

    role: Role
    sentence: str
    waiting: bool
    """Whether something waits for her; otherwise the sentence says what she waits for."""
    page: str = ""
    """Name of the address; empty where there is nothing to open."""
    button: str = ""


@dataclass(frozen=True, kw_only=True)
class MyStudy:
    study: Study
    errands: tuple[Errand, ...]
    """What waits first."""


def my_studies(user: User, *, now: datetime) -> tuple[MyStudy, ...]:
    """Those that she is a member of: where something waits for her first, simulated ones last."""
    held: dict[int, set[Role]] = {}
    mine = Membership.objects.filter(user=user, user__is_active=True, withdrawn_at__isnull=True)
    for study_id, role in mine.values_list("study", "role"):
        held.setdefault(study_id, set()).add(Role(role))
    studies = Study.objects.filter(pk__in=held).select_related("run", "rubric").order_by("simulated", "name")
    found = [MyStudy(study=study, errands=_errands(study, user, held[study.pk], now)) for study in studies]
    return tuple(sorted(found, key=lambda one: (one.study.simulated, not _waits(one))))


def _waits(mine: MyStudy) -> bool:
    return any(errand.waiting for errand in mine.errands)


def _errands(study: Study, user: User, roles: set[Role], now: datetime) -> tuple[Errand, ...]:
    found = [errand(study, user, now) for role, errand in ERRANDS.items() if role in roles]
    if decides := roles & {Role.COORDINATOR, Role.RESEARCHER}:
        found = [*_to_look_at(study, user, decides), *found]
    return tuple(sorted(found, key=lambda one: not one.waiting))


def _to_rate(study: Study, user: User, now: datetime) -> Errand:
    member = Membership.objects.get(study=study, user=user, role=Role.ANNOTATOR)
    reach = reaches(study, [member], now=now)[member.pk]
    rounds = _rounds_as_raters_know_them(study)
    sentence = _what_is_left(reach, rounds)
    if sentence:
        return Errand(role=Role.ANNOTATOR, waiting=True, page="rate", button="Rate", sentence=sentence)
    if reach.readings:
        one = reach.readings == 1
        sentence = f"{'1 rationale waits' if one else f'{reach.readings:,} rationales wait'} for a blinded reader."
        return Errand(role=Role.ANNOTATOR, waiting=True, page="read", button="Read", sentence=sentence)
    rated = Rating.objects.filter(study=study, rater=user).values("latent").distinct().count()
    thanks = f" You have rated {_latents(rated)} here." if rated else ""
    return Errand(role=Role.ANNOTATOR, waiting=False, sentence=_why_nothing_is_left(reach, rounds) + thanks)


def _rounds_as_raters_know_them(study: Study) -> dict[int, tuple[int, str]]:
    """(number, state) by round."""
    rows = study.rounds.exclude(kind=RoundKind.READING).values_list("pk", "number", "state")
    return {pk: (number, state) for pk, number, state in rows}


def _what_is_left(reach: Reach, rounds: Mapping[int, tuple[int, str]]) -> str:
    if not reach.left:
        return ""
    if reach.calibration == CalibrationState.DUE:
        latents = "1 calibration latent" if reach.left == 1 else f"{reach.left} calibration latents"
        return f"{latents} left for you. The study opens after that."
    numbers = sorted({rounds[pk][0] for pk, latents in reach.rounds.items() if latents})
    where = "round" if len(numbers) == 1 else "rounds"
    return f"{_latents(reach.left)} left for you in {where} {' and '.join(map(str, numbers))}."


def _why_nothing_is_left(reach: Reach, rounds: Mapping[int, tuple[int, str]]) -> str:
    if reach.calibration == CalibrationState.FAILED:
        return "Your calibration is over, and your coordinator tells you what comes next."
    if not rounds:
        return "The first round has not opened yet."
    if any(state == RoundState.OPEN for _, state in rounds.values()):
        return "Nothing is left for you in the open round."
    return "No round is open."


def _to_decide(study: Study, user: User, now: datetime) -> Errand:
    queue = case_queue(study=study, user=user, roles=[Role.ADJUDICATOR], now=now)
    waiting = sum(entry.standing == Standing.WAITS for entry in queue)
    decided = sum(entry.standing == Standing.DECIDED for entry in queue)
    if waiting:
        sentence = "1 case waits for your decision." if waiting == 1 else f"{waiting} cases wait for your decision."
    else:
        sentence = f"No case waits; {decided} decided so far." if decided else "No case has been opened yet."
    return Errand(role=Role.ADJUDICATOR, waiting=waiting > 0, page="cases", button="Cases", sentence=sentence)


def _to_direct(study: Study, user: User, now: datetime) -> Errand:
    rounds = round_progress(study, retests=False)
    step = next_step(study, sample_frame(study), rounds, raters=rater_count(study))
    settled = study.sample.filter(state=LatentState.ACCEPTED).count()
    drawn = study.sample.count()
    sentence = step.sentence + (f" {settled} of {drawn} latents are accepted." if settled else "")
    return Errand(role=Role.RESEARCHER, waiting=bool(step.wish), page="study", button="Study page", sentence=sentence)


def _to_look_at(study: Study, user: User, roles: set[Role]) -> list[Errand]:
    """Snippets that may show a person stay hidden from everyone until she has looked: before anything else."""
    waiting = waiting_count(study, user=user)
    if not waiting:
        return []
    snippets = "1 snippet is" if waiting == 1 else f"{waiting:,} snippets are"
    return [
        Errand(
            role=Role.COORDINATOR if Role.COORDINATOR in roles else Role.RESEARCHER,
            waiting=True,
            page="reports",
            button="Reports",
            sentence=f"{snippets} said to show a person, and hidden until you have looked.",
        )
    ]


def _to_look_after(study: Study, user: User, now: datetime) -> Errand:
    raters = workloads(study, institutions=institutions_coordinated(user, study), now=now)
    behind = sum(load.left > 0 for load in raters)
    return Errand(
        role=Role.COORDINATOR,
        waiting=not raters or behind > 0,
        page="people",
        button="People",
        sentence=_behind(behind, len(raters)),
    )


def _behind(behind: int, raters: int) -> str:
    if not raters:
        return "Your institution has no rater in this study yet: invite the first."
    if raters == 1:
        return "Your one rater has latents left to rate." if behind else "Your one rater has nothing left to rate."
    if not behind:
        return f"None of your {raters:,} raters has anything left to rate."
    return f"{behind:,} of your {raters:,} raters {'has' if behind == 1 else 'have'} latents left to rate."


def _latents(number: int) -> str:
    return "1 latent" if number == 1 else f"{number:,} latents"


ERRANDS: dict[Role, Callable[[Study, User, datetime], Errand]] = {
    Role.ANNOTATOR: _to_rate,
    Role.ADJUDICATOR: _to_decide,
    Role.COORDINATOR: _to_look_after,
    Role.RESEARCHER: _to_direct,
}
