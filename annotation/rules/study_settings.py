"""Which of a study's settings may be changed when: nothing changes under raters at work, nor what they agreed to."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from annotation.enums import CodeSystem, RaterAttribute, RoundKind, Scorer, WithdrawalPolicy
from annotation.models import Study
from annotation.rules.answers import Incomplete
from annotation.rules.refusal import Refused

SETTINGS = (
    "raters_per_latent",
    "retest_share",
    "retest_gap_hours",
    "case_repeat_share",
    "case_repeat_gap_hours",
    "calibration_threshold",
    "reading_share",
    "scorers",
    "code_systems",
    "hourly_rate",
    "currency",
    "withdrawal",
    "ethics",
    "release_snippets",
    "release_raters",
    "rater_attributes",
)
YES_OR_NO = ("release_snippets", "release_raters")
ACCEPT = "accept_"
THRESHOLDS = tuple(field.name for field in Study._meta.concrete_fields if field.name.startswith(ACCEPT))
"""Of an accepted latent (science.ambiguity), with what they would do shown before they are saved. They may change at
any time: nobody is at work by them, and the next verdicts follow them.
"""
MOST_RATERS = 50
LONGEST_ETHICS = 500
LONGEST_GAP_HOURS = 2 * 365 * 24
HIGHEST_RATE = Decimal("99999.99")
RATING_KINDS = frozenset(RoundKind) - {RoundKind.READING}


def check_changes(changes: Mapping[str, Any], *, open_kinds: Collection[RoundKind], rated: bool) -> None:
    """changes: new values by setting, only those that differ. open_kinds: of the study's open rounds. rated: whether
    anybody has rated in the study.

    Raises Incomplete with a sentence a setting, Refused for a setting that is none.
    """
    if unknown := set(changes) - {*SETTINGS, *THRESHOLDS}:
        raise Refused(f"A study has no setting “{min(unknown)}” that can be changed here.")
    problems = {}
    for name, value in changes.items():
        if sentence := _wrong(name, value) or _too_late(name, open_kinds, rated):
            problems[name] = sentence
    if problems:
        raise Incomplete(problems)


def _wrong(name: str, value: Any) -> str:
    """What is wrong with the value itself; empty if nothing is."""
    if name == f"{ACCEPT}n_eff":
        return "" if 1 <= value <= MOST_RATERS else f"Give a number of ratings from 1 to {MOST_RATERS}."
    if name in THRESHOLDS:
        return "" if 0 < value <= 1 else "Give a share above 0 and up to 1."
    if name.endswith(("_share", "_threshold")):
        return "" if 0 <= value <= 1 else "Give a share from 0 to 100 per cent."
    if name == "raters_per_latent":
        return "" if 1 <= value <= MOST_RATERS else f"Give a number from 1 to {MOST_RATERS}."
    if name.endswith("_gap_hours"):
        return "" if 0 <= value <= LONGEST_GAP_HOURS else f"Give hours from 0 to {LONGEST_GAP_HOURS:,}, two years."
    if name == "hourly_rate":
        return "" if value is None or 0 <= value <= HIGHEST_RATE else f"Give an amount from 0 to {HIGHEST_RATE:,}."
    if name == "currency":
        return "" if re.fullmatch("[A-Z]{3}", value) else "Give the three capital letters of a currency, such as EUR."
    if name in YES_OR_NO:
        return "" if isinstance(value, bool) else "Say yes or no."
    if name == "ethics":
        return (
            "" if len(value) <= LONGEST_ETHICS and value.isprintable() else "Give one line of at most 500 characters."
        )
    known: Mapping[str, Collection[str]] = {
        "code_systems": CodeSystem.values,
        "rater_attributes": RaterAttribute.values,
        "scorers": Scorer.values,
        "withdrawal": WithdrawalPolicy.values,
    }
    chosen = [value] if name == "withdrawal" else value
    return "" if set(chosen) <= set(known[name]) else "Choose among what is offered on the page."


def _too_late(name: str, open_kinds: Collection[RoundKind], rated: bool) -> str:
    """Why this setting stays as it is for now; empty where it may change."""
    if name == "raters_per_latent" and RoundKind.INDEPENDENT in open_kinds:
        return "An independent round is laid out for the number that it opened with. Close it first."
    if name == "calibration_threshold" and RoundKind.CALIBRATION in open_kinds:
        return "Calibration is open, and its raters would be judged by two thresholds. Close it first."
    if name == "reading_share" and RoundKind.READING in open_kinds:
        return "Readings are open, drawn by the share as it is. Close them first."
    if name == "code_systems" and RATING_KINDS & set(open_kinds):
        return "What raters are offered stays the same while a round is open. Close it first."
    if name == "withdrawal" and rated:
        return "People have rated under this consent: what becomes of their ratings cannot be changed after the fact."
    return ""
