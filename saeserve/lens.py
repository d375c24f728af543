"""Logit lens (nostalgebraist 2020): which output tokens a latent's decoder direction raises and lowers most.

The direction alone is put in the place of the residual stream after the last block: the final norm divides it by its
own RMS (or centres it and divides it by its own standard deviation, where the model has LayerNorm), multiplies with the
norm's weight, and the unembedding follows. So every direction is read at the same length, whatever the SAE's scale:
logits compare between latents of one model, and are not what one firing adds to the output. What does not depend on the
direction (the norm's and the head's bias) is taken off. Blocks between the SAE and the end of the model are left out.
An encoder has no next token to raise: for it there is no lens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from saeserve.fit import Fit
from saeserve.hook_points import HookPoint
from saeserve.language_model import LanguageModel, NoNextToken
from saeserve.token_strings import token_strings

SHOWN = 10
CANDIDATES = 32
"""Of either end. bfloat16 is off by 0.4 %, and the tenth and the thirty-second logit differ by far more."""
GROUP = 64
VALUES = 2**26
"""Logits held at once: 128 MB in bfloat16."""


@dataclass(frozen=True)
class Lens:
    """Output tokens of latents, strongest first. All arrays are empty where there is no lens."""

    promoted: NDArray[np.int64]
    """[latent, SHOWN] numbers in the vocabulary."""
    promoted_logits: NDArray[np.float32]
    suppressed: NDArray[np.int64]
    suppressed_logits: NDArray[np.float32]
    note: str
    """How it was read and at which hook point, or why there is none."""


def lens(fit: Fit, latents: Sequence[int] | None = None) -> Lens:
    """Of those latents, or of all. A decoder row of zeros raises nothing: its logits are 0."""
    decoder = fit.sae.coder.decoder if latents is None else fit.sae.coder.decoder[list(latents)]
    point = fit.output_point
    try:
        if not fit.model.predicts_next:
            raise NoNextToken(f"{fit.model.name} is an encoder and predicts no next token.")
        found = direct_logits(fit.model, residual_directions(fit.model, point, decoder.detach().float()))
    except (NoNextToken, NoResidual) as reason:
        none, nothing = np.empty((len(decoder), 0), np.int64), np.empty((len(decoder), 0), np.float32)
        return Lens(none, nothing, none, nothing, f"No logit lens: {reason}")
    note = (
        f"Decoder directions, written at {point}, read alone through the final norm and the unembedding without biases."
    )
    return Lens(*found, note=note)


class NoResidual(ValueError):
    """What the SAE writes is not added to the residual stream."""


@torch.inference_mode()
def residual_directions(
    model: LanguageModel, point: HookPoint, directions: Float[Tensor, "latent width"]
) -> Float[Tensor, "latent residual"]:
    """What directions written at a hook point add to the residual stream. Raises NoResidual."""
    module = model.network.get_submodule(point.path)
    weight = getattr(module, "weight", None)
    if point.side == "input" and weight is not None and weight.dim() == 2:
        matrix = weight.float()  # heads or neurons, before the projection that writes them
        matrix = matrix if type(module).__name__ == "Conv1D" else matrix.T
        directions = directions.to(matrix.device) @ matrix
    if point.side == "normalized" or directions.shape[1] != model.width:
        raise NoResidual(f"what is written at {point} is not added to the residual stream as it is.")
    return directions


@torch.inference_mode()
def direct_logits(
    model: LanguageModel, directions: Float[Tensor, "latent residual"]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """(promoted [latent, SHOWN], their logits, suppressed, theirs), in blocks of latents.

    Tokens are ranked roughly in the model's own dtype, and the best CANDIDATES of either end exactly.
    """
    nothing = torch.zeros(1, model.width, device=model.device)
    without = model.unembed(nothing)[:, : len(model.tokenizer)]
    number, block = min(SHOWN, without.shape[1]), max(1, VALUES // without.shape[1])
    parts: list[tuple[Tensor, ...]] = []
    for rows in torch.split(directions.to(model.device), block):
        ends = _candidates(model, rows, without.shape[1])
        found = [
            _best(model.unembed_some(rows, end) - without[0, end], end, number, largest=end is ends[0]) for end in ends
        ]
        parts.append((*found[0], *found[1]))
    promoted, raised, suppressed, lowered = (torch.cat(column).cpu().numpy() for column in zip(*parts, strict=True))
    return promoted, raised, suppressed, lowered


def _candidates(model: LanguageModel, rows: Tensor, vocabulary: int) -> tuple[Tensor, Tensor]:
    """Tokens [latent, CANDIDATES] that rank highest, and lowest, by a product in the model's own dtype."""
    weight = model.head.weight[:vocabulary]
    moved = model.through_norm(rows) - model.through_norm(torch.zeros_like(rows[:1]))
    rough = moved.to(weight.dtype) @ weight.T
    number = min(CANDIDATES, vocabulary)
    return _highest(rough, number), _highest(rough.neg_(), number)


def _highest(values: Tensor, number: int) -> Tensor:
    """Columns [row, number] of the highest values: first the groups that hold them, then inside these. Exact."""
    whole = values.shape[1] // GROUP * GROUP
    if whole < GROUP * number:
        return values.topk(number, dim=1).indices
    grouped = values[:, :whole].reshape(len(values), -1, GROUP)
    groups = grouped.amax(dim=2).topk(number, dim=1).indices
    inside = grouped.gather(1, groups[:, :, None].expand(-1, -1, GROUP)).flatten(1)
    columns = (groups[:, :, None] * GROUP + torch.arange(GROUP, device=values.device)).flatten(1)
    rest = torch.arange(whole, values.shape[1], device=values.device).expand(len(values), -1)
    kept = torch.cat([inside, values[:, whole:]], dim=1).topk(number, dim=1).indices
    return torch.cat([columns, rest], dim=1).gather(1, kept)


def _best(logits: Tensor, tokens: Tensor, number: int, *, largest: bool) -> tuple[Tensor, Tensor]:
    """(tokens, logits) of the strongest; of equal logits the token of the lower number comes first."""
    order = tokens.argsort(dim=1)
    tokens, logits = tokens.gather(1, order), logits.gather(1, order)
    first = logits.argsort(dim=1, descending=largest, stable=True)[:, :number]
    return tokens.gather(1, first), logits.gather(1, first)


def lens_rows(tokenizer: Any, found: Lens) -> list[dict[str, list[dict[str, Any]]]]:
    """[latent] {"promoted": [{token, logit}], "suppressed": [...]} with tokens as strings."""
    known = np.unique(np.concatenate([found.promoted.ravel(), found.suppressed.ravel()])).tolist()
    names = dict(zip(known, token_strings(tokenizer, known), strict=True)) if known else {}

    def entries(ids: NDArray[np.int64], logits: NDArray[np.float32]) -> list[dict[str, Any]]:
        return [
            {"token": names[number], "logit": logit}
            for number, logit in zip(ids.tolist(), logits.tolist(), strict=True)
        ]

    return [
        {"promoted": entries(high, raised), "suppressed": entries(low, lowered)}
        for high, raised, low, lowered in zip(
            found.promoted, found.promoted_logits, found.suppressed, found.suppressed_logits, strict=True
        )
    ]
