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


def sight(roles: Iterable[Role], *, state: LatentState, rated: bool, may_yet_rate: bool) -> Sight:
    """What a person with these roles sees of a latent in this state.

    rated: she has rated it herself. may_yet_rate: a slot of it may still be handed to her, here or
    in another study on the same run.
    A researcher or adjudicator who also rates is blind like any rater until her own part is over.
    """
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


def study_results_visible(roles: Iterable[Role], *, may_yet_rate: bool) -> bool:
    """Whether agreement and consensus of the whole study may be shown."""
    return Role.RESEARCHER in frozenset(roles) and not may_yet_rate


def check_study_results(roles: Iterable[Role], *, may_yet_rate: bool) -> None:
    """Raises Refused where `study_results_visible` says no."""
    if study_results_visible(roles, may_yet_rate=may_yet_rate):
        return
    raise Refused(
        "Agreement and consensus stay hidden from everyone who may still rate in this study or in another one on the "
        "same mining run, and from raters, so that ratings stay independent. The study's researcher sees them."
    )
