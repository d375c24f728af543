"""A retest goes as the round that it repeats: what a rater is shown of it is shown under that round.

Its number and its list are that round's own already (actions.rounds); this is for what is counted and promised.
"""

from annotation.enums import RoundKind
from annotation.models import Round


def shown_as(round_: Round) -> int:
    """Id of the round that a rater takes it for."""
    repeated = round_.repeats_id if round_.kind == RoundKind.RETEST else None
    return repeated or round_.pk
