"""Every name of a place means the same in every family: the parts add up to the residual stream."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, GraniteConfig

from saeserve.block_parts import BLOCK, FAMILIES, blocks_of
from saeserve.hook_points import HookPoint, NoSuchHookPoint, resolve, transformer_lens_name
from saeserve.hooks import capture, replaced
from tests.unit.saeserve.families import (
    BLOCKS,
    CONFIGS,
    ENCODERS,
    GROUPED,
    SEQUENTIAL,
    Z_OUTPUT,
    config_of,
    multimodal_gemma,
    network_of,
)

IDS = torch.tensor([[7, 5, 9, 300, 17], [7, 8, 8, 2, 31]])
EXACT = {"rtol": 0.0, "atol": 0.0}
every_encoder = pytest.mark.parametrize("family", ENCODERS)
every_family = pytest.mark.parametrize("family", list(CONFIGS))


@cache
def network(family: str) -> Any:
    return network_of(family)


def caught(family: str, *names: str) -> list[Tensor]:
    return capture(network(family), [resolve(network(family), name) for name in names], IDS, None)


@torch.inference_mode()
def hidden_states(family: str) -> tuple[Tensor, ...]:
    return network(family)(input_ids=IDS, output_hidden_states=True).hidden_states


@every_family
def test_a_block_reads_one_hidden_state_and_writes_the_next(family: str) -> None:
    states = hidden_states(family)
    for block in range(BLOCKS - 1):
        before, after = caught(family, f"blocks.{block}.hook_resid_pre", f"blocks.{block}.hook_resid_post")
        torch.testing.assert_close(before, states[block], **EXACT)
        torch.testing.assert_close(after, states[block + 1], **EXACT)


@pytest.mark.parametrize("family", [name for name in CONFIGS if name not in ENCODERS])
def test_the_last_hidden_state_is_normed_and_the_last_block_is_not(family: str) -> None:
    states = hidden_states(family)
    before, after = caught(family, f"blocks.{BLOCKS - 1}.hook_resid_pre", f"blocks.{BLOCKS - 1}.hook_resid_post")
    torch.testing.assert_close(before, states[-2], **EXACT)
    assert not torch.allclose(after, states[-1], rtol=0.05)


@every_encoder
def test_an_encoder_that_norms_its_sums_has_no_final_norm(family: str) -> None:
    (after,) = caught(family, f"blocks.{BLOCKS - 1}.hook_resid_post")
    torch.testing.assert_close(after, hidden_states(family)[-1], **EXACT)


@pytest.mark.parametrize("family", SEQUENTIAL)
def test_attention_and_mlp_add_up_to_the_residual_stream(family: str) -> None:
    names = ("hook_resid_pre", "hook_attn_out", "hook_resid_mid", "hook_mlp_out", "hook_resid_post")
    before, attention, middle, mlp, after = caught(family, *(f"blocks.1.{name}" for name in names))
    torch.testing.assert_close(before + attention, middle, **EXACT)
    torch.testing.assert_close(middle + mlp, after, **EXACT)


def test_parallel_attention_and_mlp_add_up_too_and_there_is_no_middle() -> None:
    names = ("hook_resid_pre", "hook_attn_out", "hook_mlp_out", "hook_resid_post")
    before, attention, mlp, after = caught("gpt_neox_parallel", *(f"blocks.1.{name}" for name in names))
    torch.testing.assert_close(mlp + attention + before, after, **EXACT)
    with pytest.raises(NoSuchHookPoint, match="nothing lies between"):
        resolve(network("gpt_neox_parallel"), "blocks.1.hook_resid_mid")


@every_encoder
def test_an_encoder_norms_each_sum(family: str) -> None:
    names = ("hook_resid_pre", "hook_attn_out", "hook_resid_mid", "mlp.hook_in", "hook_mlp_out", "hook_resid_post")
    before, attention, middle, into, mlp, after = caught(family, *(f"blocks.1.{name}" for name in names))
    block = network(family).get_submodule(f"{family}.encoder.layer.1")
    torch.testing.assert_close(before + attention, middle, **EXACT)
    torch.testing.assert_close(block.attention.output.LayerNorm(middle), into, **EXACT)
    torch.testing.assert_close(block.output.LayerNorm(into + mlp), after)


@every_family
def test_the_heads_are_what_the_output_projection_reads(family: str) -> None:
    heads, after = caught(family, "blocks.1.attn.hook_z", "blocks.1.hook_attn_out")
    blocks = blocks_of(network(family))
    path = f"{blocks.path}.1.{Z_OUTPUT.get(family, 'self_attn.o_proj')}"
    projection = network(family).get_submodule(path)
    matrix = projection.weight if family == "gpt2" else projection.weight.T  # GPT-2 keeps it as [in, out]
    written = heads @ matrix + (0 if getattr(projection, "bias", None) is None else projection.bias)
    direct = capture(network(family), [HookPoint(path)], IDS, None)[0]
    torch.testing.assert_close(written, direct, rtol=1e-4, atol=1e-5)
    if "gemma" not in family:  # Gemma norms it before it is added
        torch.testing.assert_close(direct, after, **EXACT)


@every_family
def test_the_mlp_reads_and_holds_what_the_names_say(family: str) -> None:
    into, inside, after = caught(family, "blocks.1.mlp.hook_in", "blocks.1.mlp.hook_post", "blocks.1.hook_mlp_out")
    blocks = blocks_of(network(family))
    block = network(family).get_submodule(f"{blocks.path}.1")
    if family in ENCODERS:
        torch.testing.assert_close(block.intermediate(into), inside, **EXACT)
        torch.testing.assert_close(block.output.dense(inside), after, **EXACT)
        return
    (direct,) = capture(network(family), [HookPoint(f"{blocks.path}.1.mlp")], IDS, None)
    torch.testing.assert_close(block.mlp(into), direct, **EXACT)
    last = getattr(block.mlp, resolve(network(family), "blocks.1.mlp.hook_post").path.rpartition(".")[2])
    torch.testing.assert_close(last(inside), direct, **EXACT)
    if "gemma" in family:
        torch.testing.assert_close(block.post_feedforward_layernorm(direct), after, **EXACT)
    else:
        torch.testing.assert_close(direct, after, **EXACT)


@pytest.mark.parametrize("family", ["llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3_text"])
def test_the_normalized_value_lacks_only_the_weight(family: str) -> None:
    middle, value, into = caught(
        family, "blocks.1.hook_resid_mid", "blocks.1.ln2.hook_normalized", "blocks.1.mlp.hook_in"
    )
    point = resolve(network(family), "blocks.1.ln2.hook_normalized")
    norm = network(family).get_submodule(point.path)
    weight = norm.weight + 1 if "gemma" in family else norm.weight
    torch.testing.assert_close(value * weight, into, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(value.square().mean(-1), torch.ones(value.shape[:2]), rtol=1e-3, atol=1e-3)
    if "gemma" in family:
        torch.testing.assert_close(value, norm._norm(middle), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", *ENCODERS])
def test_a_layer_norm_is_centred_and_divided_by_its_standard_deviation(family: str) -> None:
    point = resolve(network(family), "blocks.1.ln1.hook_normalized")
    norm = network(family).get_submodule(point.path)
    value, after = capture(network(family), [HookPoint(point.path, "normalized"), HookPoint(point.path)], IDS, None)
    torch.testing.assert_close(value * norm.weight + norm.bias, after, rtol=1e-5, atol=1e-5)


@every_family
def test_the_embedding_is_what_the_first_block_starts_from(family: str) -> None:
    (embedded,) = caught(family, "hook_embed")
    torch.testing.assert_close(embedded, network(family).get_input_embeddings()(IDS), **EXACT)
    if family not in ("gpt2", *ENCODERS):  # these add positions
        torch.testing.assert_close(embedded, hidden_states(family)[0], **EXACT)


@every_family
def test_names_are_mapped_both_ways(family: str) -> None:
    parts = blocks_of(network(family)).parts
    for name in ["hook_embed", *(f"blocks.2.{part}" for part in parts)]:
        point = resolve(network(family), name)
        assert resolve(network(family), str(point)) == point
        back = transformer_lens_name(network(family), point)
        assert back is not None
        assert resolve(network(family), back) == point  # ln2.hook_normalized and mlp.hook_in may be one place
    assert transformer_lens_name(network(family), HookPoint("lm_head")) is None


@every_family
def test_replacing_at_any_point_with_the_same_changes_nothing(family: str) -> None:
    with torch.inference_mode():
        plain = network(family)(input_ids=IDS).logits
        for part in blocks_of(network(family)).parts:
            point = resolve(network(family), f"blocks.1.{part}")
            with replaced(network(family), point, lambda activation: activation.clone()):
                torch.testing.assert_close(network(family)(input_ids=IDS).logits, plain, rtol=1e-4, atol=1e-4)
            with replaced(network(family), point, torch.zeros_like):
                assert not torch.allclose(network(family)(input_ids=IDS).logits, plain, rtol=1e-2, atol=1e-2), point


@every_family
def test_padding_and_order_change_no_activation(family: str) -> None:
    names = ("hook_embed", "blocks.0.attn.hook_z", "blocks.2.hook_resid_post")
    points = [resolve(network(family), name) for name in names]
    long, short = torch.arange(1, 41), torch.arange(60, 71)
    padded = torch.zeros(2, 40, dtype=torch.long)
    padded[0], padded[1, :11] = long, short
    mask = torch.ones_like(padded)
    mask[1, 11:] = 0
    together = capture(network(family), points, padded, mask)
    swapped = capture(network(family), points, padded.flip(0), mask.flip(0))
    alone = capture(network(family), points, short[None], None)
    for one, other, single in zip(together, swapped, alone, strict=True):
        rounding = 1e-5 * float(one.abs().max())
        torch.testing.assert_close(one[1, :11], single[0], rtol=0, atol=rounding)
        torch.testing.assert_close(one[0], other[1], rtol=0, atol=rounding)


def test_gemma_2_caps_its_attention() -> None:
    """transformers' faster attention cannot, and activations would not be those that its SAEs were trained on."""
    plain, capped = config_of("gemma2"), config_of("gemma2")
    plain.attn_logit_softcapping, capped.attn_logit_softcapping = None, 0.05
    found = []
    for config in (plain, capped):
        torch.manual_seed(1)
        found += capture(AutoModelForCausalLM.from_config(config).eval(), [HookPoint("model.layers.0")], IDS, None)
    assert not torch.allclose(*found, rtol=1e-2, atol=1e-2)


def test_the_blocks_of_a_multimodal_model_are_those_of_its_language_model() -> None:
    gemma = multimodal_gemma()
    for name in ("blocks.1.hook_mlp_out", "model.layers.1.post_feedforward_layernorm"):
        point = resolve(gemma, name)
        assert point.path == "model.language_model.layers.1.post_feedforward_layernorm"
    names = ("hook_resid_mid", "hook_mlp_out", "hook_resid_post")
    middle, mlp, after = capture(gemma, [resolve(gemma, f"blocks.1.{name}") for name in names], IDS, None)
    torch.testing.assert_close(middle + mlp, after, **EXACT)


def test_every_family_with_names_of_its_own_is_tried_here() -> None:
    tried = {network(family).config.model_type for family in CONFIGS} | {"gemma3"}
    assert {id(FAMILIES[name]) for name in tried} == {id(parts) for parts in FAMILIES.values()}


def test_an_unlisted_family_has_only_its_blocks_by_name() -> None:
    granite = AutoModelForCausalLM.from_config(GraniteConfig(**GROUPED, residual_multiplier=0.2))
    assert str(resolve(granite, "blocks.1.hook_resid_post")) == "model.layers.1"
    assert set(blocks_of(granite).parts) == set(BLOCK)
    with pytest.raises(NoSuchHookPoint, match="name a module path"):
        resolve(granite, "blocks.1.hook_mlp_out")  # Granite scales it before it is added
