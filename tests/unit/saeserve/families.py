"""One tiny model with random weights of every family, built from the family's own configuration class."""

from typing import Any

import torch
import transformers

WIDTH, BLOCKS, VOCABULARY = 32, 3, 400
COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": 48,
    "num_hidden_layers": BLOCKS,
    "num_attention_heads": 4,
    "max_position_embeddings": 128,
    "initializer_range": 0.3,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 0,
}
GROUPED = {**COMMON, "num_key_value_heads": 2}
GEMMA = {**GROUPED, "head_dim": 12, "query_pre_attn_scalar": 12, "sliding_window": 16}
GPT2 = {
    "vocab_size": VOCABULARY, "n_embd": WIDTH, "n_layer": BLOCKS, "n_head": 4, "n_positions": 128,
    "initializer_range": 0.3, "bos_token_id": 0, "eos_token_id": 0,
}  # fmt: skip
VISION = {
    "hidden_size": WIDTH, "intermediate_size": 48, "num_hidden_layers": BLOCKS, "num_attention_heads": 4,
    "image_size": 28, "patch_size": 14,
}  # fmt: skip
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", GROUPED),
    "mistral": ("MistralConfig", {**GROUPED, "sliding_window": 16}),
    "qwen2": ("Qwen2Config", GROUPED),
    "qwen3": ("Qwen3Config", {**GROUPED, "head_dim": 8}),
    "gemma2": ("Gemma2Config", GEMMA),
    "gemma3_text": ("Gemma3TextConfig", GEMMA),
    "gpt2": ("GPT2Config", GPT2),
    "gpt_neox": ("GPTNeoXConfig", {**COMMON, "use_parallel_residual": False}),
    "gpt_neox_parallel": ("GPTNeoXConfig", {**COMMON, "use_parallel_residual": True}),
    "bert": ("BertConfig", COMMON),
    "roberta": ("RobertaConfig", {**COMMON, "pad_token_id": 1}),
}
"""Configuration class and its arguments."""
ENCODERS = ("bert", "roberta")
SEQUENTIAL = [name for name in CONFIGS if name not in ("gpt_neox_parallel", *ENCODERS)]
"""Families whose blocks add attention first and then the MLP to an unnormed residual stream."""
Z_OUTPUT = {
    "gpt2": "attn.c_proj",
    **dict.fromkeys(("gpt_neox", "gpt_neox_parallel"), "attention.dense"),
    **dict.fromkeys(ENCODERS, "attention.output.dense"),
}
"""The module that multiplies the concatenated heads with W_O; self_attn.o_proj elsewhere."""


def config_of(family: str) -> Any:
    name, arguments = CONFIGS[family]
    return getattr(transformers, name)(**arguments)


def network_of(family: str, *, seed: int = 5) -> Any:
    """Random weights, norms and biases too, so that a missing weight or bias would show."""
    torch.manual_seed(seed)
    loader = transformers.AutoModelForMaskedLM if family in ENCODERS else transformers.AutoModelForCausalLM
    return _shaken(loader.from_config(config_of(family)))


def multimodal_gemma() -> Any:
    """Gemma 3 with a vision tower that has as many blocks as the language model."""
    torch.manual_seed(6)
    config = transformers.Gemma3Config(
        text_config=transformers.Gemma3TextConfig(**GEMMA),
        vision_config=transformers.SiglipVisionConfig(**VISION),
        mm_tokens_per_image=4,
        image_token_index=VOCABULARY - 1,
    )
    return _shaken(transformers.AutoModelForCausalLM.from_config(config))


def _shaken(network: Any) -> Any:
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return network.eval().requires_grad_(False)
