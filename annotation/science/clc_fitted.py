"""What CLC held in its hands when it had finished: arrays for explaining a result, none of them a result itself.

With q's log prior and each answer's weighted log likelihood, q of a latent is `normalised(log_prior + sum omega
log_likelihood)`; leaving answers out of that sum says what the latent's answer would be without them, all else held
fixed. Rows follow `table.answers`, latents `table.latents`, raters `table.raters`; padding of narrower latents is 0
(-inf in `log_prior`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from annotation.science.answer_table import AnswerTable
from annotation.science.types import FloatArray, Item


@dataclass(frozen=True, eq=False)
class ClcFitted:
    table: AnswerTable
    item: Item
    omega: FloatArray
    """(A,): each answer's share of its rater's vote, divided by what its institution repeats."""
    rho: FloatArray
    """(institutions of the table,): excess agreement; 0 where it is undefined."""
    same: FloatArray
    """(A,): votes of the answer's institution for its class on its latent, the answer's own among them (m)."""
    log_prior: FloatArray
    """(N, width)"""
    rater_log_likelihood: FloatArray
    """(A, width): of each answer under each class, by what is known of its rater alone."""
    log_likelihood: FloatArray
    """(A, width): the same with learnability, before omega. q and theta rest on it."""
    log_ratios: FloatArray
    """(A,): learnability of the answer's own class over all scorers, within the limit; 0 without a score."""
    scorer_log_ratios: Mapping[str, FloatArray]
    """(A,) a scorer: what it says alone."""
    accuracy: FloatArray
    """(J,): posterior mean of each rater's one-coin accuracy."""
    q: FloatArray
    theta: FloatArray
    """(N, width) each."""
