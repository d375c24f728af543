"""Attention sinks are left out by their norm, and nothing else is."""

import pytest
import torch

from saeserve.sinks import BadMultiple, Sinks, sinks_of


def test_the_border_is_a_multiple_of_the_median_norm() -> None:
    probe = torch.tensor([[3.0, 4.0], [0.0, 1.0], [60.0, 80.0], [6.0, 8.0], [0.0, 5.0]])  # norms 5 1 100 10 5
    assert sinks_of(probe, multiple=2.0) == Sinks(limit=10.0)
    assert sinks_of(probe, multiple=2.0).keep(probe).tolist() == [True, True, False, True, True]
    assert sinks_of(probe, multiple=1.5).keep(probe).tolist() == [True, True, False, False, True]


def test_whole_batches_can_be_asked_and_narrow_dtypes_do_not_overflow() -> None:
    activations = torch.full((2, 3, 64), 60_000.0, dtype=torch.float16)
    activations[0, 0] = 1
    kept = Sinks(limit=1000.0).keep(activations)
    assert kept.tolist() == [[True, False, False], [False, False, False]]


@pytest.mark.parametrize("multiple", [1.0, 0.0, -3.0, float("nan")])
def test_a_border_within_the_bulk_is_refused(multiple: float) -> None:
    with pytest.raises(BadMultiple, match="give a multiple above 1"):
        sinks_of(torch.ones(3, 2), multiple=multiple)
