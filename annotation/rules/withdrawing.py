"""Who may say that a rater withdraws: she herself, or at her word who looks after her."""

from annotation.enums import Role
from annotation.models import Membership, User
from annotation.rules.looking_after import check_looks_after
from annotation.rules.refusal import Refused


def check_withdrawal(by: User, membership: Membership) -> None:
    """Raises NotYours for a person whom she does not look after, Refused for a role that nobody withdraws from."""
    if membership.user_id != by.pk:
        check_looks_after(by, membership)
    if membership.role != Role.ANNOTATOR:
        raise Refused("Only raters withdraw. To give up another role, write to the study's researcher.")
