"""Thresholds and what they would do, in words."""

from collections.abc import Mapping

from annotation.queries.threshold_preview import Comparison
from annotation.science.ambiguity_preview import Preview

FIELDS: Mapping[str, tuple[str, str]] = {
    "accept_q": (
        "Certainty, q at least",
        "Probability of the leading answer, if one answer is right. 0.9: wrong in at most one of ten.",
    ),
    "accept_theta": (
        "Shared opinion, θ at least",
        "Share of raters like these who would give the leading answer. It keeps divided latents from being accepted.",
    ),
    "accept_n_eff": (
        "Independent ratings, n_eff at least",
        "Colleagues who agree out of habit count less than twice.",
    ),
    "accept_flip_rate": (
        "Flip rate, below",
        "How often the answer would change with other raters drawn from these.",
    ),
}
"""Label and help of a threshold's field. One that is not named here goes by its own name."""
CRITERIA: Mapping[str, str] = {
    "answers": "nobody could tell",
    "q": "the answer is not certain enough (q)",
    "theta": "opinion is divided (θ)",
    "n_eff": "too few independent ratings (n_eff)",
    "flip_rate": "other raters might have said otherwise (flip rate)",
    "institutions": "one institution alone has looked",
}


def in_words(found: Comparison) -> str:
    """`With these thresholds 31 of 120 latents would need more raters, 6 would go to adjudication.`"""
    then, total = found.then, found.then.total
    if not total:
        return "No latent has been rated yet: there is nothing to try thresholds on."
    parts = [f"{then.needs_raters:,} of {total:,} latents would need more raters"]
    parts += [f"{then.persistent:,} would go to adjudication"]
    parts += [f"{then.recruiting:,} would wait for raters"] if then.recruiting else []
    return f"With these thresholds {then.accepted:,} would be accepted, {', '.join(parts)}."


def missed_in_words(found: Comparison) -> list[str]:
    """`12: opinion is divided (θ)`, the most missed first."""
    return [f"{count:,}: {CRITERIA.get(criterion, criterion)}" for criterion, count in found.missed]


def outcomes(shown: Preview) -> dict[str, int]:
    """For the bars, in a fixed order."""
    return {
        "Accepted": shown.accepted,
        "More raters": shown.needs_raters,
        "Waiting for raters": shown.recruiting,
        "Adjudication": shown.persistent,
    }
