"""Why a latent's answer is what it is, rater by rater, in words that a physician can follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.models import Consensus
from annotation.queries.rubric_words import ItemWords
from annotation.views.drawing.figures import decimal, percent, significant

READER = "reader"
"""The scorer that is people's blinded readings."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One rater's part in the answer."""

    rater: str
    institution: str
    answer: str
    weight: float
    weight_width: float
    """Per cent of one whole vote, for the bar."""
    push: str
    """By how much her answer moves the odds of what she said: `× 3.2`."""
    supports: bool
    """Whether she said what leads."""
    sources: tuple[str, ...]
    """Where her weight comes from, a sentence each."""
    without: str
    """What the answer would be without her."""
    changes: bool


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    parts: tuple[Part, ...]
    said: str
    """Whether the answer hangs on one person."""


def breakdown(row: Consensus, words: ItemWords) -> Breakdown | None:
    """None where the run stored none."""
    if not row.breakdown:
        return None
    leader = words.label(row.classes[max(range(len(row.q)), key=row.q.__getitem__)]) if row.q else ""
    parts = tuple(_part(each, words, leader) for each in sorted(row.breakdown, key=_order))
    return Breakdown(parts=parts, said=_said(parts, leader))


def _order(each: Mapping[str, Any]) -> tuple[float, str]:
    return (-float(each["omega"]), str(each["rater"]))


def _part(each: Mapping[str, Any], words: ItemWords, leader: str) -> Part:
    given = [words.label(_value(answer["value"])) for answer in each["given"]]
    return Part(
        rater=str(each["rater"]),
        institution=str(each["institution"]),
        answer=", then ".join(dict.fromkeys(given)),
        weight=float(each["omega"]),
        weight_width=round(100 * min(1.0, float(each["omega"])), 2),
        push=" and ".join(f"× {significant(answer['odds_factor'], 2)}" for answer in each["given"]),
        supports=leader in given,
        sources=tuple(_sources(each)),
        without=_without(each, words),
        changes=bool(each["changes_answer"]),
    )


def _value(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _sources(each: Mapping[str, Any]) -> list[str]:
    return [sentence for sentence in (_reliability(each), _known(each), _weight(each), _scores(each)) if sentence]


def _reliability(each: Mapping[str, Any]) -> str:
    prior = each["prior"]
    return (
        f"Right with probability {decimal(prior['mean'])} before anybody else’s answers are seen "
        f"({decimal(prior['low'])} to {decimal(prior['high'])}), {decimal(each['reliability'])} after."
    )


def _known(each: Mapping[str, Any]) -> str:
    """Calibration and retests: what that probability rests on."""
    calibration, repeats, matched = each["n_calibration"], each["n_repeats"], each["n_matched"]
    if not calibration and not repeats:
        return "No calibration item and no retest yet: she counts as any rater would."
    parts = []
    if calibration:
        parts.append(f"{calibration} calibration item{'' if calibration == 1 else 's'} with a reference")
    if repeats:
        parts.append(f"the same answer at {matched} of {repeats} retest{'' if repeats == 1 else 's'}")
    return f"That rests on {' and '.join(parts)}."


def _weight(each: Mapping[str, Any]) -> str:
    """Institution and repeats: why less than one vote."""
    reasons = []
    shared = max(float(answer["same_institution"]) for answer in each["given"])
    if shared > 1 and float(each["rho"]) > 0:
        reasons.append(
            f"{significant(shared, 2)} votes of {each['institution']} say the same, and its raters agree "
            f"{percent(each['rho'])} more often with each other than with others"
        )
    if len(each["given"]) > 1:
        reasons.append(f"her vote is split over {len(each['given'])} readings")
    if not reasons:
        return "" if float(each["omega"]) < 0.995 else "She counts as one whole vote."
    return f"She counts {decimal(each['omega'])} of a vote: {'; '.join(reasons)}."


def _scores(each: Mapping[str, Any]) -> str:
    """What blinded readers of her rationale add."""
    said = []
    for answer in each["given"]:
        for score in answer["scores"]:
            who = "blinded readers" if score["scorer"] == READER else f"the scorer {score['scorer']}"
            told = (
                f"× {significant(score['ratio'], 2)}"
                if score["on"]
                else "not counted: it tells right from wrong too badly"
            )
            said.append(f"{who} foretold unseen snippets from her rationale with {percent(score['score'])} ({told})")
    return f"{'; '.join(said)[0].upper()}{'; '.join(said)[1:]}." if said else ""


def _without(each: Mapping[str, Any], words: ItemWords) -> str:
    left = each["without"]
    if left is None:
        return str(each["without_undefined"])
    return f"{words.label(_value(left['winner']))}, q {decimal(left['q_max'])}, θ {decimal(left['theta_max'])}"


def _said(parts: Sequence[Part], leader: str) -> str:
    turning = [part.rater for part in parts if part.changes]
    if len(parts) < 2:
        return "One person alone has answered."
    if not turning:
        return f"Without any one of the {len(parts)} raters the answer stays “{leader}”."
    if len(turning) == 1:
        return f"The answer hangs on one person: without {turning[0]} it would be another."
    return f"The answer would be another without {', '.join(turning[:-1])} or {turning[-1]}: it hangs on single people."
