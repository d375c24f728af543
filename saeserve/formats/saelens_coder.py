"""The coder that a SAELens configuration in the terms of version 6 and its tensors describe."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from torch import Tensor

from saeserve.coders.base import Coder
from saeserve.coders.batchtopk import BatchTopK
from saeserve.coders.gated import Gated
from saeserve.coders.inputs import CONSTANT_NORM, LAYER_NORM, NONE, Inputs, fold_scale
from saeserve.coders.jumprelu import JumpReLU
from saeserve.coders.linear import Linear
from saeserve.coders.matryoshka import Matryoshka
from saeserve.coders.relu import ReLU
from saeserve.coders.skip_transcoder import SkipTranscoder
from saeserve.coders.topk import TopK
from saeserve.coders.transcoder import Transcoder
from saeserve.formats.checked import check_k, check_names, check_shapes, exact, flag, number, section, whole
from saeserve.formats.folder import BadSae
from saeserve.formats.options import needed_scale

Tensors = dict[str, Tensor]
AVERAGE = "expected_average_only_in"
WRITES_TO_RESIDUAL = ("hook_resid", "hook_mlp_out", "hook_attn_out")
"""Hook points whose activations lose their mean where writing weights are centred."""

OWN_TENSORS: dict[str, tuple[str, ...]] = {
    "standard": ("b_enc",),
    "topk": ("b_enc",),
    "jumprelu": ("b_enc", "threshold"),
    "gated": ("b_gate", "b_mag", "r_mag"),
    "batchtopk": ("b_enc", "topk_threshold"),
    "matryoshka_batchtopk": ("b_enc", "topk_threshold"),
    "transcoder": ("b_enc",),
    "jumprelu_transcoder": ("b_enc", "threshold"),
    "skip_transcoder": ("b_enc", "W_skip"),
    "jumprelu_skip_transcoder": ("b_enc", "threshold", "W_skip"),
}
"""What each architecture has beside W_enc, W_dec and b_dec."""


def coder_of(
    config: Mapping[str, Any],
    metadata: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    options: Mapping[str, Any],
    device: str,
) -> Coder:
    """Raises BadSae where the configuration or the tensors cannot be meant."""
    architecture = str(config.get("architecture"))
    if architecture not in OWN_TENSORS:
        raise BadSae(f"The SAE architecture {architecture!r} is not supported; these are: {', '.join(OWN_TENSORS)}.")
    if config.get("reshape_activations", "none") not in ("none", "hook_z"):
        raise BadSae(
            f"cfg.json sets reshape_activations to {config['reshape_activations']!r}; none and hook_z are read."
        )
    transcodes = architecture.endswith("transcoder")
    held = _checked(architecture, config, tensors, device)
    if config.get("normalize_activations") == AVERAGE:
        held = _folded(held, options, transcodes=transcodes)
    if not transcodes:
        return BUILDERS[architecture](config, held, _shared(config, metadata, held))
    if flag(config, "apply_b_dec_to_input", False):
        raise BadSae("cfg.json sets apply_b_dec_to_input for a transcoder, whose b_dec is in another space; set false.")
    skip = held.pop("W_skip", None)
    build = BUILDERS["jumprelu" if "jumprelu" in architecture else "standard"]
    inner = build(config, held, {**_shared(config, metadata, held), "subtract_b_dec": False})
    return Transcoder(inner) if skip is None else SkipTranscoder(inner, skip)


def _checked(architecture: str, config: Mapping[str, Any], tensors: Mapping[str, Tensor], device: str) -> Tensors:
    reads, width = whole(config, "d_in"), whole(config, "d_sae")
    writes = whole(config, "d_out") if architecture.endswith("transcoder") else reads
    shapes: dict[str, list[int]] = {"W_skip": [writes, reads], "topk_threshold": []}
    own = {name: shapes.get(name, [width]) for name in OWN_TENSORS[architecture]}
    expected = {"W_enc": [reads, width], "W_dec": [width, writes], "b_dec": [writes], **own}
    check_names(tensors, expected)
    check_shapes(tensors, expected)
    return exact(tensors, device)


def _folded(held: Tensors, options: Mapping[str, Any], *, transcodes: bool) -> Tensors:
    scale = needed_scale(options, "The SAE was trained on activations of average norm sqrt(width)")
    if transcodes:
        raise BadSae(
            f"cfg.json sets {AVERAGE} for a transcoder and does not say by what its target was scaled; fold the scales "
            "into the weights where it was made."
        )
    return fold_scale(held, scale, writes_input=True)


def _shared(config: Mapping[str, Any], metadata: Mapping[str, Any], held: Tensors) -> dict[str, Any]:
    """Arguments that every architecture takes."""
    normalization = config.get("normalize_activations") or NONE
    if normalization not in (NONE, AVERAGE, LAYER_NORM, CONSTANT_NORM):
        raise BadSae(
            f"cfg.json sets normalize_activations to {normalization!r}, which would change the activations and is not "
            f"supported; {NONE}, {AVERAGE}, {LAYER_NORM} and {CONSTANT_NORM} are."
        )
    model_arguments = section(metadata, "model_from_pretrained_kwargs")
    residual = any(hook in str(metadata.get("hook_name")) for hook in WRITES_TO_RESIDUAL)
    return {
        **{name: held[name] for name in ("W_enc", "W_dec", "b_dec")},
        "subtract_b_dec": flag(config, "apply_b_dec_to_input", True),
        "inputs": Inputs(
            NONE if normalization == AVERAGE else normalization,
            centre=residual and flag(model_arguments, "center_writing_weights", False),
        ),
    }


def _standard(config: Mapping[str, Any], held: Tensors, shared: dict[str, Any]) -> Linear:
    return ReLU(b_enc=held["b_enc"], **shared)


def _topk(config: Mapping[str, Any], held: Tensors, shared: dict[str, Any]) -> Linear:
    rescale = flag(config, "rescale_acts_by_decoder_norm", False)
    k = check_k(whole(config, "k"), len(held["b_enc"]))
    return TopK(b_enc=held["b_enc"], k=k, rescale_by_decoder_norm=rescale, **shared)


def _jumprelu(config: Mapping[str, Any], held: Tensors, shared: dict[str, Any]) -> Linear:
    return JumpReLU(b_enc=held["b_enc"], threshold=held["threshold"], **shared)


def _gated(config: Mapping[str, Any], held: Tensors, shared: dict[str, Any]) -> Linear:
    return Gated(b_gate=held["b_gate"], b_mag=held["b_mag"], r_mag=held["r_mag"], **shared)


def _thresholded(config: Mapping[str, Any], held: Tensors, shared: dict[str, Any]) -> dict[str, Any]:
    """What a raw training checkpoint has: the running threshold, and a decoder whose norms are not folded in."""
    rescale = flag(config, "rescale_acts_by_decoder_norm", True)
    threshold = number({"topk_threshold": float(held["topk_threshold"])}, "topk_threshold")
    return {"b_enc": held["b_enc"], "threshold": threshold, "rescale_by_decoder_norm": rescale, **shared}


def _batchtopk(config: Mapping[str, Any], held: Tensors, shared: dict[str, Any]) -> Linear:
    return BatchTopK(**_thresholded(config, held, shared))


def _matryoshka(config: Mapping[str, Any], held: Tensors, shared: dict[str, Any]) -> Linear:
    return Matryoshka(**_thresholded(config, held, shared), group_sizes=groups_of(config, len(held["b_enc"])))


def groups_of(config: Mapping[str, Any], width: int) -> tuple[int, ...]:
    """Sizes of the groups between the nested widths; the last nested dictionary is all latents."""
    nested = config.get("matryoshka_widths") or []
    if not isinstance(nested, list) or not all(isinstance(size, int) for size in nested):
        raise BadSae(f"The configuration gives matryoshka_widths as {nested!r}; it must be a list of whole numbers.")
    borders = [0, *nested] if nested and nested[-1] == width else [0, *nested, width]
    if any(later <= earlier for earlier, later in pairwise(borders)):
        raise BadSae(f"matryoshka_widths {nested} do not rise up to {width} latents; the files do not belong together.")
    return tuple(later - earlier for earlier, later in pairwise(borders))


BUILDERS: dict[str, Callable[[Mapping[str, Any], Tensors, dict[str, Any]], Linear]] = {
    "standard": _standard,
    "topk": _topk,
    "jumprelu": _jumprelu,
    "gated": _gated,
    "batchtopk": _batchtopk,
    "matryoshka_batchtopk": _matryoshka,
}
