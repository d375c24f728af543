"""Whom a case may be handed to: adjudicators of the study who have no part in the latent."""

from annotation.enums import Role
from annotation.models import Case, User
from annotation.queries.case_conflicts import conflicted_latents
from annotation.rules.membership import active
from annotation.rules.refusal import Refused

NOBODY = "Choose another adjudicator of this study who neither rated the latent nor set its reference."


def second_adjudicators(case: Case, *, by: User, opinion: bool) -> list[User]:
    """By name. opinion: for a second opinion, which must not see the first: nobody who directs the study as well.

    One statement for each adjudicator of the study, and two more.
    """
    directs = (
        set(active(case.study_id).filter(role=Role.RESEARCHER).values_list("user", flat=True)) if opinion else set()
    )
    members = active(case.study_id).filter(role=Role.ADJUDICATOR).exclude(user=by).select_related("user")
    people = [member.user for member in members.order_by("user__name", "user") if member.user_id not in directs]
    return [one for one in people if case.latent_id not in conflicted_latents(one, case.study)]


def check_may_be_asked(second: User, *, case: Case, by: User, opinion: bool) -> None:
    """Raises Refused unless `second` is among them."""
    if second not in second_adjudicators(case, by=by, opinion=opinion):
        raise Refused(NOBODY)
