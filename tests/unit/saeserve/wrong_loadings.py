"""An SAE as it stands after each known mistake of loading it. Every one has the right shapes and finite weights."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from saeserve.coders.inputs import fold_scale
from saeserve.coders.jumprelu import JumpReLU
from saeserve.coders.linear import Linear
from saeserve.coders.relu import ReLU
from saeserve.coders.topk import TopK
from saeserve.fit import Fit
from saeserve.hook_points import HookPoint

PARTS = ("W_enc", "b_enc", "W_dec", "b_dec")


def with_coder(fit: Fit, coder: Linear) -> Fit:
    return replace(fit, sae=replace(fit.sae, coder=coder))


def at(fit: Fit, path: str) -> Fit:
    """The SAE at another hook point."""
    return replace(fit, point=HookPoint(path), output_point=HookPoint(path))


def topk_read_as_relu(coder: TopK, activations: Tensor) -> Linear:
    return ReLU(**_parts(coder))


def with_a_threshold(coder: TopK, activations: Tensor) -> JumpReLU:
    """No mistake: the JumpReLU SAE that fires as often, as BatchTopK SAEs are written down."""
    before = (activations - coder.b_dec) @ coder.W_enc + coder.b_enc
    border = before.flatten().kthvalue(before.numel() - coder.k * len(before)).values
    return JumpReLU(**_parts(coder), threshold=border.expand(coder.width).clone())


def threshold_dropped(coder: TopK, activations: Tensor) -> Linear:
    jumping = with_a_threshold(coder, activations)
    return replace(jumping, threshold=torch.zeros_like(jumping.threshold))


def no_scaling_factor(coder: TopK, activations: Tensor) -> Linear:
    """As SAELens' expected_average_only_in leaves it on disk: for activations whose mean norm is sqrt(width)."""
    scale = coder.input_width**0.5 / float(activations.norm(dim=1).mean())
    return replace(coder, **fold_scale(_parts(coder), 1 / scale, writes_input=True))


def scaling_factor_twice(coder: TopK, activations: Tensor) -> Linear:
    scale = coder.input_width**0.5 / float(activations.norm(dim=1).mean())
    return replace(coder, **fold_scale(_parts(coder), scale, writes_input=True))


def b_dec_not_subtracted(coder: TopK, activations: Tensor) -> Linear:
    return replace(coder, subtract_b_dec=False)


def decoder_transposed(coder: TopK, activations: Tensor) -> Linear:
    """Its numbers read in the order of the other layout."""
    return replace(coder, W_dec=coder.W_dec.T.contiguous().view(coder.W_dec.shape))


def latents_permuted(coder: TopK, activations: Tensor) -> Linear:
    order = torch.randperm(coder.width, generator=torch.Generator().manual_seed(0))
    return replace(coder, W_dec=coder.W_dec[order])


def of_another_space(coder: TopK, activations: Tensor) -> Linear:
    """The SAE of a model of the same width, whose directions have nothing to do with this one's."""
    chance = torch.Generator().manual_seed(0)
    turn, _ = torch.linalg.qr(torch.randn(coder.input_width, coder.input_width, generator=chance))
    return replace(coder, W_enc=turn @ coder.W_enc, W_dec=coder.W_dec @ turn.T, b_dec=coder.b_dec @ turn.T)


def untrained(coder: TopK, activations: Tensor) -> Linear:
    """Random directions, tied; b_dec is the mean. The most that an SAE which has learned nothing explains."""
    rows = torch.randn(coder.W_dec.shape, generator=torch.Generator().manual_seed(0))
    rows /= rows.norm(dim=1, keepdim=True)
    return replace(
        coder, W_enc=rows.T.contiguous(), W_dec=rows, b_enc=torch.zeros(coder.width), b_dec=activations.mean(dim=0)
    )


MISTAKES: tuple[Callable[[TopK, Tensor], Linear], ...] = (
    topk_read_as_relu,
    threshold_dropped,
    no_scaling_factor,
    scaling_factor_twice,
    b_dec_not_subtracted,
    decoder_transposed,
    latents_permuted,
    of_another_space,
)


def _parts(coder: Linear) -> dict[str, Tensor]:
    return {name: getattr(coder, name) for name in PARTS}
