"""Keeps what an adjudicator has entered and not yet signed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from annotation.enums import CaseState, Role
from annotation.models import Case, CaseDraft, User
from annotation.rules.draft_answers import check_draft
from annotation.rules.membership import check_role

KEPT = ("outcome", "concept", "cause", "rationale", "rubric_needs_clause", "clause", "reason", "replaces")


@transaction.atomic
def save_case_draft(*, case: Case, answers: Mapping[str, Any], by: User, now: datetime) -> CaseDraft | None:
    """Store what she chose and wrote as it is, complete or not. None if the case was decided meanwhile, and she does
    not write in place of that decision.

    Raises Refused if it is too large to keep, or she is no adjudicator of the study.
    """
    check_role(by, case.study, Role.ADJUDICATOR)
    kept = {name: answers[name] for name in KEPT if answers.get(name)}
    # A signature locks the case: a draft that comes with it waits, and finds it decided.
    case = Case.everything.select_for_update(of=("self",), no_key=True).get(pk=case.pk)
    if case.state != CaseState.OPEN and not kept.get("replaces"):
        return None
    draft, is_new = CaseDraft.objects.get_or_create(
        case=case, adjudicator=by, defaults={"answers": check_draft(kept), "saved_at": now}
    )
    if not is_new:
        draft.answers, draft.saved_at, draft.number = check_draft(kept), now, draft.number + 1
        draft.save(update_fields=["answers", "saved_at", "number"])
    return draft
