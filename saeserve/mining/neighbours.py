"""Latents of one SAE whose decoder directions are most alike."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

NEIGHBOURS = 8
LATENT_BLOCK = 1024


@dataclass(frozen=True)
class Neighbours:
    """Nearest first."""

    latents: NDArray[np.int64]
    """[latent, NEIGHBOURS]"""
    cosines: NDArray[np.float32]


@torch.inference_mode()
def decoder_neighbours(decoder: Float[Tensor, "latent width"]) -> Neighbours:
    """Most similar other latents by cosine of decoder rows. A row of zeros has cosine 0 with every other."""
    directions = normalize(decoder.detach().float(), dim=1)
    number = min(NEIGHBOURS, len(directions) - 1)
    found, cosines = [], []
    for first in range(0, len(directions), LATENT_BLOCK):
        similar = directions[first : first + LATENT_BLOCK] @ directions.T
        own = torch.arange(len(similar), device=similar.device)
        similar[own, own + first] = -torch.inf
        nearest = similar.topk(number, dim=1)
        found.append(nearest.indices.cpu())
        cosines.append(nearest.values.cpu())
    return Neighbours(torch.cat(found).numpy(), torch.cat(cosines).numpy())
