"""Attention sinks are left out by their norm, and nothing else is."""

from functools import cache
from typing import Any

import pytest
import torch

from saeserve.hook_points import HookPoint, resolve
from saeserve.hooks import capture
from saeserve.sinks import BadMultiple, Sinks, sink_point, sinks_of
from tests.unit.saeserve.families import network_of

POINT = HookPoint("model.layers.1")
IDS = torch.tensor([[7, 5, 9, 300, 17, 8, 31]])
SINK = 3
"""Place of the token whose embedding is made huge."""


@cache
def network(family: str) -> Any:
    return network_of(family)


def test_the_border_is_a_multiple_of_the_median_norm() -> None:
    probe = torch.tensor([[3.0, 4.0], [0.0, 1.0], [60.0, 80.0], [6.0, 8.0], [0.0, 5.0]])  # norms 5 1 100 10 5
    assert sinks_of(probe, multiple=2.0, point=POINT) == Sinks(10.0, POINT)
    assert sinks_of(probe, multiple=2.0, point=POINT).keep(probe).tolist() == [True, True, False, True, True]
    assert sinks_of(probe, multiple=1.5, point=POINT).keep(probe).tolist() == [True, True, False, False, True]


def test_whole_batches_can_be_asked_and_narrow_dtypes_do_not_overflow() -> None:
    activations = torch.full((2, 3, 64), 60_000.0, dtype=torch.float16)
    activations[0, 0] = 1
    kept = Sinks(1000.0, POINT).keep(activations)
    assert kept.tolist() == [[True, False, False], [False, False, False]]


@pytest.mark.parametrize("multiple", [1.0, 0.0, -3.0, float("nan")])
def test_a_border_within_the_bulk_is_refused(multiple: float) -> None:
    with pytest.raises(BadMultiple, match="give a multiple above 1"):
        sinks_of(torch.ones(3, 2), multiple=multiple, point=POINT)


@pytest.mark.parametrize(
    ("family", "reads", "told"),
    [
        ("llama", "blocks.1.hook_resid_post", "model.layers.1"),
        ("llama", "blocks.1.hook_mlp_out", "model.layers.1.mlp"),
        ("llama", "blocks.1.hook_resid_mid", "model.layers.1.post_attention_layernorm:input"),
        ("llama", "blocks.1.ln2.hook_normalized", "model.layers.1.post_attention_layernorm:input"),
        ("llama", "blocks.1.mlp.hook_in", "model.layers.1.post_attention_layernorm:input"),
        ("llama", "model.layers.1.mlp:input", "model.layers.1.post_attention_layernorm:input"),
        ("gemma2", "model.layers.1.mlp:input", "model.layers.1.pre_feedforward_layernorm:input"),
        ("gpt2", "blocks.1.ln2.hook_normalized", "transformer.h.1.ln_2:input"),
        ("gpt_neox_parallel", "blocks.1.mlp.hook_in", "gpt_neox.layers.1.post_attention_layernorm:input"),
        ("bert", "blocks.1.mlp.hook_in", "bert.encoder.layer.1.intermediate:input"),
    ],
)
def test_behind_a_norm_its_input_tells_sinks(family: str, reads: str, told: str) -> None:
    assert str(sink_point(network(family), resolve(network(family), reads))) == told


@pytest.mark.parametrize("reads", ["blocks.1.ln2.hook_normalized", "blocks.1.mlp.hook_in", "model.layers.1.mlp:input"])
def test_a_sink_is_found_behind_a_norm_where_all_tokens_have_one_length(reads: str) -> None:
    llama = network_of("llama")
    with torch.no_grad():
        llama.get_input_embeddings().weight[IDS[0, SINK]] *= 1000
    point = resolve(llama, reads)
    told = sink_point(llama, point)
    read, norms = capture(llama, [point, told], IDS, None)
    assert sinks_of(read[0], multiple=6.0, point=point).keep(read[0]).all(), "the values themselves tell nothing"
    assert sinks_of(norms[0], multiple=6.0, point=told).keep(norms[0]).tolist() == [n != SINK for n in range(7)]
