"""Whether a thing is in a state that allows the wish."""

from annotation.enums import CaseState, RoundState, RunState
from annotation.models import Case, Round, Study
from annotation.rules.refusal import Refused


def check_round_open(round_: Round) -> None:
    if round_.state == RoundState.CLOSED:
        raise Refused("This round is closed: no more ratings are taken. Thank you for your part in it.")
    if round_.state == RoundState.DRAFT:
        raise Refused("This round is not open yet. Its researcher opens it.")


def check_run_finished(study: Study) -> None:
    if study.run is None:
        raise Refused("The study has no mining run yet. Request one on the study page.")
    if study.run.state == RunState.FAILED:
        raise Refused(f"The mining run failed: {study.run.failure}")
    if study.run.state == RunState.CANCELLED:
        raise Refused("The mining run was cancelled. Resume it on the study page; what was mined is kept.")
    if study.run.state != RunState.FINISHED:
        raise Refused("The mining run has not finished. Wait until its progress bar is full.")


def check_case_open(case: Case) -> None:
    if case.state == CaseState.DECIDED:
        raise Refused("This case has been decided already. The queue shows what still waits.")
    if case.state != CaseState.OPEN:
        raise Refused("This case is no longer with you. The queue shows what still waits.")


def check_case_decided(case: Case) -> None:
    if case.state != CaseState.DECIDED:
        raise Refused("This case is not decided yet, so that there is no decision to replace.")
