"""Agreement and consensus of a study's ratings: what a run rests on, the steps that it takes, and what it stores."""

from annotation.actions.results.computing import compute_a_slice, compute_results

__all__ = ["compute_a_slice", "compute_results"]
