"""Who sees whose ratings when: one pure function, asked by every page, endpoint and release."""

from collections.abc import Iterable
from dataclasses import dataclass

from annotation.enums import LatentState, Role
from annotation.rules.refusal import Refused
from annotation.transitions import DECIDED_STATES


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What a person may see of one latent's ratings."""

    ratings: bool
    """Single ratings and rationales, without names."""
    results: bool
    """Agreement and consensus."""


NOTHING = Sight(ratings=False, results=False)
EVERYTHING = Sight(ratings=True, results=True)


def sight(roles: Iterable[Role], *, state: LatentState, rated: bool, may_yet_rate: bool, reads: bool = False) -> Sight:
    """What a person with these roles sees of a latent in this state.

    rated: she has rated it herself. may_yet_rate: a round of any kind may still ask her for an answer to it, a revision
    or a retest among them, here or in another study on the same run. reads: she has one of its rationales before her
    to read blinded. A researcher or adjudicator who also rates is blind like any rater until her own part is over.
    """
    if reads:
        return NOTHING
    held = frozenset(roles)
    if may_yet_rate:
        return NOTHING
    if Role.RESEARCHER in held:
        return EVERYTHING
    if Role.ADJUDICATOR in held and not rated:
        over = state == LatentState.PERSISTENT or state in DECIDED_STATES
        return EVERYTHING if over else NOTHING
    return NOTHING


def retests_visible(roles: Iterable[Role]) -> bool:
    """Whether it may be shown that rounds have retests, and how many wait.

    To those who run the study, unless they rate in it themselves: a retest is worth something only to a rater who does
    not know that it is one.
    """
    held = frozenset(roles)
    return bool(held & {Role.RESEARCHER, Role.COORDINATOR}) and Role.ANNOTATOR not in held


def reference_visible(roles: Iterable[Role], *, own: bool, open: bool) -> bool:
    """Whether the panel's mean is shown on the References page. Raters read it on their feedback page instead.

    own: the person has set her own reference here; open: the set's round has been opened. Members of the panel do not
    see each other's before their own is in, and who may be handed the latent sees none.
    """
    held = frozenset(roles)
    return own or (open and Role.ANNOTATOR not in held and bool(held & {Role.ADJUDICATOR, Role.RESEARCHER}))


def first_answer_visible(*, before_her_again: bool, answered_again: bool) -> bool:
    """Whether a rater sees (and may revise) what she said of a latent.

    Not while she holds a place on it once more, nor after: what she remembers is hers, what she reads off is no retest.
    """
    return not (before_her_again or answered_again)


def study_results_visible(roles: Iterable[Role], *, may_yet_rate: bool) -> bool:
    """Whether agreement and consensus of the whole study may be shown."""
    return Role.RESEARCHER in frozenset(roles) and not may_yet_rate


def raters_visible(roles: Iterable[Role]) -> bool:
    """Whether who answered what, under pseudonyms with institutions and weights, may be shown beside a latent.

    Not to who adjudicates in the study: she decides by reasons alone, and a decided latent may come back to her
    unannounced. Callers ask `sight` first.
    """
    held = frozenset(roles)
    return Role.RESEARCHER in held and Role.ADJUDICATOR not in held


def check_study_results(roles: Iterable[Role], *, may_yet_rate: bool) -> None:
    """Raises Refused where `study_results_visible` says no."""
    if study_results_visible(roles, may_yet_rate=may_yet_rate):
        return
    raise Refused(
        "Agreement and consensus stay hidden from everyone who may still rate in this study or in another one on the "
        "same mining run, and from raters, so that ratings stay independent. The study's researcher sees them."
    )
