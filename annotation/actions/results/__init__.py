"""Agreement and consensus of a study's ratings: what a run rests on, the steps that it takes, and what it stores."""

from annotation.actions.results.computing import SLICE_SECONDS, compute_a_slice, compute_results, compute_sensitivity

__all__ = ["SLICE_SECONDS", "compute_a_slice", "compute_results", "compute_sensitivity"]
