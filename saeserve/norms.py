"""Norm modules taken apart: the value before the weight, and the weight, whichever way the module keeps them."""

from typing import Any

import torch
from torch import Tensor, nn


def is_norm(module: Any) -> bool:
    """Whether the module is a layer norm or a root-mean-square norm over the last axis."""
    return isinstance(module, nn.LayerNorm) or _is_rms(module)


def normalized(module: Any, vectors: Tensor) -> Tensor:
    """float32 [..., width]: the vectors divided by their RMS (layer norm: centred, divided by their standard
    deviation), before the module's weight and bias."""
    exact = vectors.float()
    if isinstance(module, nn.LayerNorm):
        exact = exact - exact.mean(dim=-1, keepdim=True)
    return exact * torch.rsqrt(exact.square().mean(dim=-1, keepdim=True) + _epsilon(module))


def weighted(module: Any, unweighted: Tensor) -> Tensor:
    """float32: what the module makes of the value before its weight. Undoes `normalized` to the module's output."""
    result = unweighted.float() * _gain(module)
    bias = getattr(module, "bias", None)
    return result if bias is None else result + bias.float()


def _gain(module: Any) -> Tensor | float:
    """Factor of each coordinate. Gemma keeps it less 1, so an RMS norm is asked: ones have RMS 1."""
    if isinstance(module, nn.LayerNorm):
        return 1.0 if module.weight is None else module.weight.float()
    if getattr(module, "weight", None) is None:
        return 1.0
    ones = torch.ones_like(module.weight)
    return module.forward(ones).float() * (1 + _epsilon(module)) ** 0.5


def _is_rms(module: Any) -> bool:
    return "RMSNorm" in type(module).__name__ and _stated_epsilon(module) is not None


def _epsilon(module: Any) -> float:
    stated = _stated_epsilon(module)
    return 0.0 if stated is None else stated


def _stated_epsilon(module: Any) -> float | None:
    for name in ("eps", "variance_epsilon"):
        if isinstance(getattr(module, name, None), float):
            return float(getattr(module, name))
    return None
