"""The constants of CLC, stored with every run. docs/adr/0015 says what they were chosen on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClcParameters:
    version: str = "clc-2"
    rater_prior_right: float = 4.0
    rater_prior_wrong: float = 2.0
    """p ~ Beta(right, wrong): before any data a rater is right two times in three."""
    rater_strength_low: float = 4.0
    rater_strength_high: float = 40.0
    """How many answers a rater's prior may outweigh, at least and at most."""
    row_strength: float = 12.0
    """S0: answers that a confusion row must exceed before it departs from one-coin."""
    class_pseudo_latents: float = 1.0
    """Added to every class of a closed item before prevalence is taken."""
    opinion_pseudo_raters: float = 1.0
    """Weight of the prior in theta, in raters."""
    use_institutions: bool = True
    institution_excess: float = 0.1
    institution_pseudo_pairs: float = 20.0
    institution_excess_limit: float = 0.9
    use_learnability: bool = True
    learnability_pseudo_scores: float = 10.0
    learnability_model_weight: float = 0.25
    """Weight of an answer judged by the model itself, against 1 for a calibration item."""
    learnability_limit: float = 5.0
    """A likelihood ratio stays between 1/limit and limit."""
    damping: float = 0.5
    damped_iterations: int = 10
    """The first steps of the EM go only part of the way, so that no early accident settles where it ends."""
    tolerance: float = 1e-10
    maximum_iterations: int = 2000
    flip_resamples: int = 200
