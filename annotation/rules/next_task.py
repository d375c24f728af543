"""What a rater is handed next, by kind of round, and the sentence that explains it to whoever looks after her."""

from collections.abc import Mapping
from dataclasses import dataclass

from annotation.enums import RoundKind
from annotation.rules.calibration import CalibrationState

ORDER = (
    RoundKind.CALIBRATION,
    RoundKind.RETEST,
    RoundKind.AGAIN,
    RoundKind.EXTRA,
    RoundKind.INDEPENDENT,
    RoundKind.READING,
)
WORDS = {
    RoundKind.CALIBRATION: ("calibration latent", "calibration latents"),
    RoundKind.RETEST: ("retest that is due", "retests that are due"),
    RoundKind.AGAIN: ("latent asked for again", "latents asked for again"),
    RoundKind.EXTRA: ("latent of an extra round", "latents of extra rounds"),
    RoundKind.INDEPENDENT: ("latent of the independent round", "latents of the independent round"),
    RoundKind.READING: ("rationale to read", "rationales to read"),
}


@dataclass(frozen=True, kw_only=True)
class TaskStanding:
    """What could come to a rater now."""

    calibration: CalibrationState
    places: Mapping[RoundKind, int]
    """How many by kind of round; kinds without any may be left out."""


def next_kinds(standing: TaskStanding) -> list[RoundKind]:
    """The kinds of round that may be opened to her now, what comes first first; empty if nothing may.

    Until she has passed the calibration, nothing else opens. What is due by the calendar (retests) comes before what
    can wait, what few people can do (asked again, extra raters for an ambiguous latent) before what many can.
    """
    if standing.calibration == CalibrationState.FAILED:
        return []
    due = standing.calibration == CalibrationState.DUE
    return [kind for kind in ORDER if standing.places.get(kind, 0) > 0 and (kind == RoundKind.CALIBRATION) == due]


def explained(standing: TaskStanding, *, to_herself: bool = False) -> str:
    """For her coordinator and the researcher: what comes to her, in this order.

    to_herself: where the one who reads it is the rater. Retests are unannounced: they are counted as latents of the
    independent round.
    """
    if standing.calibration == CalibrationState.FAILED:
        return "Did not pass the calibration: nothing is handed out until she is let through."
    seen = _unannounced(standing) if to_herself else standing
    parts = [_counted(kind, seen.places[kind]) for kind in next_kinds(seen)]
    if standing.calibration == CalibrationState.DUE:
        first = f"Next: {parts[0]}" if parts else "Next: the calibration"
        return f"{first}; nothing else before she has passed."
    if not parts:
        return "Nothing waits for her."
    return f"Next: {', then '.join(parts)}."


def _unannounced(standing: TaskStanding) -> TaskStanding:
    places = dict(standing.places)
    places[RoundKind.INDEPENDENT] = places.get(RoundKind.INDEPENDENT, 0) + places.pop(RoundKind.RETEST, 0)
    return TaskStanding(calibration=standing.calibration, places=places)


def _counted(kind: RoundKind, number: int) -> str:
    one, many = WORDS[kind]
    return f"1 {one}" if number == 1 else f"{number:,} {many}"
