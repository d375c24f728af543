"""The case on which somebody may keep a draft: one that she knows of."""

from annotation.enums import CaseKind
from annotation.models import Case, User
from annotation.rules.refusal import NotYours


def case_to_draft(pk: int, *, user: User) -> Case:
    """Raises NotYours where there is no such case, or it was put to another adjudicator apart. One statement."""
    case = Case.everything.select_related("study").filter(pk=pk).first()
    if case is None or (case.kind != CaseKind.FIRST and case.asks_id != user.pk):
        raise NotYours("There is no such case among yours.")
    return case
