"""Whether latents are different concepts: near-duplicate decoder directions, and shared top tokens."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from saeserve.coders.base import Coder
from saeserve.train.held_out import HeldOut

NEAR = 0.9
"""Cosine of two decoder rows from which they count as near-duplicates."""
TOP_TOKENS = 3
BLOCK = 1024


def has_near_duplicate(decoder: Float[Tensor, "latent width"], *, above: float = NEAR) -> Bool[Tensor, " latent"]:
    """Whether another latent's row has a cosine above `above` with this latent's."""
    rows = normalize(decoder.float(), dim=1)
    found = []
    for first in range(0, len(rows), BLOCK):
        cosines = rows[first : first + BLOCK] @ rows.T
        own = torch.arange(first, first + len(cosines), device=rows.device)
        cosines[own - first, own] = -1.0
        found.append(cosines.max(dim=1).values > above)
    return torch.cat(found)


def top_tokens(coder: Coder, held_out: HeldOut, *, device: str, number: int = TOP_TOKENS) -> dict[int, tuple[int, ...]]:
    """For each latent the tokens of the vocabulary with most of its activation, ascending by id.

    Latents that fire on fewer than `number` different tokens are left out.
    """
    pairs, sums = _sums(coder, held_out, device)
    order = sums.argsort(descending=True, stable=True)
    order = order[(pairs[order, 0]).argsort(stable=True)]
    latents, counts = torch.unique_consecutive(pairs[order, 0], return_counts=True)
    firsts = counts.cumsum(0) - counts
    return {
        int(latent): tuple(sorted(pairs[order[first : first + number], 1].tolist()))
        for latent, first, count in zip(latents.tolist(), firsts.tolist(), counts.tolist(), strict=True)
        if count >= number
    }


def sharing(tops: dict[int, tuple[int, ...]]) -> int:
    """Latents whose top tokens are another's too."""
    groups: dict[tuple[int, ...], int] = {}
    for tokens in tops.values():
        groups[tokens] = groups.get(tokens, 0) + 1
    return sum(size for size in groups.values() if size > 1)


def _sums(coder: Coder, held_out: HeldOut, device: str) -> tuple[Tensor, Tensor]:
    """(latent and token id [pair, 2], sum of activations [pair]), by latent and then by token id."""
    keys, values = [], []
    vocabulary = int(held_out.token_ids.max()) + 1
    for chunk, ids in zip(
        torch.split(held_out.activations, BLOCK), torch.split(held_out.token_ids, BLOCK), strict=True
    ):
        codes = coder.encode(chunk.to(device).float())
        keys.append(codes.latents.cpu() * vocabulary + ids[codes.tokens.cpu()])
        values.append(codes.values.cpu().double())
    distinct, place = torch.unique(torch.cat(keys), return_inverse=True)
    sums = torch.zeros(len(distinct), dtype=torch.float64).index_add_(0, place, torch.cat(values))
    return torch.stack([distinct // vocabulary, distinct % vocabulary], dim=1), sums
