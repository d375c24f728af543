"""Where a network keeps its blocks, and under which module each part of a block is found.

TransformerLens' names are the keys: they mean the same in every family, while modules of one name do not. Gemma's
`mlp`, for instance, is normed once more before it is added to the residual stream.
"""

from dataclasses import dataclass
from typing import Any

from torch import nn

from saeserve.refusal import Refusal

OUTPUT, INPUT, NORMALIZED = "output", "input", "normalized"
Part = tuple[str, str]
"""Module path inside a block ("" is the block itself), and the side that is meant."""

BLOCK: dict[str, Part] = {"hook_resid_pre": ("", INPUT), "hook_resid_post": ("", OUTPUT)}
"""What every family has."""


def _gated(mlp_norm: str) -> dict[str, Part]:
    """Parts that Llama and Gemma share. `mlp_norm`: the norm in front of the MLP."""
    return {
        **BLOCK,
        "hook_resid_mid": (mlp_norm, INPUT),
        "ln1.hook_normalized": ("input_layernorm", NORMALIZED),
        "attn.hook_z": ("self_attn.o_proj", INPUT),
        "ln2.hook_normalized": (mlp_norm, NORMALIZED),
        "mlp.hook_in": (mlp_norm, OUTPUT),
        "mlp.hook_post": ("mlp.down_proj", INPUT),
    }


LLAMA: dict[str, Part] = {
    **_gated("post_attention_layernorm"),
    "hook_attn_out": ("self_attn", OUTPUT),
    "hook_mlp_out": ("mlp", OUTPUT),
}
GEMMA: dict[str, Part] = {
    **_gated("pre_feedforward_layernorm"),
    "hook_attn_out": ("post_attention_layernorm", OUTPUT),
    "hook_mlp_out": ("post_feedforward_layernorm", OUTPUT),
}
GPT2: dict[str, Part] = {
    **BLOCK,
    "ln1.hook_normalized": ("ln_1", OUTPUT),
    "ln2.hook_normalized": ("ln_2", OUTPUT),
    "hook_resid_mid": ("ln_2", INPUT),
    "hook_attn_out": ("attn", OUTPUT),
    "hook_mlp_out": ("mlp", OUTPUT),
    "attn.hook_z": ("attn.c_proj", INPUT),
    "mlp.hook_in": ("ln_2", OUTPUT),
    "mlp.hook_post": ("mlp.c_proj", INPUT),
}
"""TransformerLens' hook_normalized is in front of the weight of an RMS norm, but behind weight and bias of a layer
norm."""
GPT_NEOX: dict[str, Part] = {
    **BLOCK,
    "ln1.hook_normalized": ("input_layernorm", OUTPUT),
    "ln2.hook_normalized": ("post_attention_layernorm", OUTPUT),
    "hook_resid_mid": ("post_attention_layernorm", INPUT),
    "hook_attn_out": ("attention", OUTPUT),
    "hook_mlp_out": ("mlp", OUTPUT),
    "attn.hook_z": ("attention.dense", INPUT),
    "mlp.hook_in": ("post_attention_layernorm", OUTPUT),
    "mlp.hook_post": ("mlp.dense_4h_to_h", INPUT),
}
BERT: dict[str, Part] = {
    **BLOCK,
    "ln1.hook_normalized": ("attention.output.LayerNorm", OUTPUT),
    "hook_resid_mid": ("attention.output.LayerNorm", INPUT),
    "hook_attn_out": ("attention.output.dense", OUTPUT),
    "hook_mlp_out": ("output.dense", OUTPUT),
    "attn.hook_z": ("attention.output.dense", INPUT),
    "mlp.hook_in": ("intermediate", INPUT),
    "mlp.hook_post": ("output.dense", INPUT),
}
"""BERT norms after each sum. resid_pre and resid_post are what flows from block to block, behind the norm; resid_mid is
resid_pre + attn_out, in front of it. HookedEncoder's resid_post, in front of the norm, is `output.LayerNorm:input`."""
FAMILIES: dict[str, dict[str, Part]] = {
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3"), LLAMA),
    **dict.fromkeys(("gemma2", "gemma3", "gemma3_text"), GEMMA),
    "gpt2": GPT2,
    "gpt_neox": GPT_NEOX,
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "camembert", "electra"), BERT),
}
"""By transformers' `model_type`. A family that is not listed has its block's input and output only: its other modules
may scale or norm what they write, which their names do not tell."""


class UnknownNetwork(Refusal):
    """The blocks of the network cannot be found."""


@dataclass(frozen=True)
class Blocks:
    """The blocks of one network."""

    path: str
    """Module path of their list, e.g. model.layers."""
    count: int
    embedding: str
    """Module path of the token embedding."""
    parts: dict[str, Part]
    """By TransformerLens' name less `blocks.N.`"""
    missing: dict[str, str]
    """Names that are known but that this network does not have: why, and what to do."""


def blocks_of(network: Any) -> Blocks:
    """Found from the token embedding upwards, so that a multimodal model's vision tower is never taken."""
    config = network.config.get_text_config()
    modules = dict(network.named_modules())
    embedding = next((path for path, module in modules.items() if module is network.get_input_embeddings()), "")
    around = embedding
    while around:
        around = around.rpartition(".")[0]
        for path, module in modules.items():
            inside = not around or path.startswith(f"{around}.")
            if inside and isinstance(module, nn.ModuleList) and len(module) == config.num_hidden_layers:
                return _blocks(config, path, len(module), embedding)
    raise UnknownNetwork(f"{type(network).__name__} keeps no list of blocks that could be found; it is not supported.")


def _blocks(config: Any, path: str, count: int, embedding: str) -> Blocks:
    parts = dict(FAMILIES.get(config.model_type, BLOCK))
    missing = {
        name: f"in a {config.model_type} only a block's input and output are known by such names; name a module path"
        for name in LLAMA
        if name not in parts
    }
    if getattr(config, "use_parallel_residual", False):
        del parts["hook_resid_mid"]
        missing["hook_resid_mid"] = (
            "the blocks of this model add attention and MLP to the same residual stream, so nothing lies between; "
            "choose another point"
        )
    return Blocks(path, count, embedding, parts, missing)
