"""Who may bring text in: a researcher, into her study, from the folder that the installation has for it; and whoever
has the command line, which is the machine's owner."""

from collections.abc import Collection

from annotation.enums import CorpusImportState, Role
from annotation.models import CorpusImport, Study, User
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused

UNDER_WAY = (CorpusImportState.CHECKING, CorpusImportState.STORING)
OPEN = (CorpusImportState.PROPOSED, CorpusImportState.CHECKING, CorpusImportState.CHECKED, CorpusImportState.STORING)
"""Nothing has become of it yet."""


def check_may_import(by: User | None, study: Study | None) -> None:
    """by: None on the command line. Raises NotYours for a stranger to the study, Refused for another role."""
    if by is None:
        return
    if study is None:
        raise Refused("Text is imported in a study, by its researcher.")
    check_role(by, study, Role.RESEARCHER)


def check_import_state(wished: CorpusImport, allowed: Collection[CorpusImportState]) -> None:
    """Raises Refused with what the import is instead."""
    if wished.state in allowed:
        return
    raise Refused(f"This import is at “{wished.get_state_display()}”. Look at its page, and begin another if need be.")
