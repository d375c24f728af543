"""Digests that say which SAE, and which latent of it, a number belongs to."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saeserve.coders.base import Coder
from saeserve.contract import canonical_json

BLOCK_VALUES = 2**24
"""Values of latents laid side by side at once: 64 MB."""


def sae_digest(coder: Coder) -> str:
    """Hex sha256 of every weight and of the encode configuration."""
    digest = _headed(coder.configuration())
    for name, tensor in sorted({**coder.latent_tensors(), **coder.shared_tensors()}.items()):
        digest.update(f"\n{name} {list(tensor.shape)}\n".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def latent_identities(coder: Coder, *, model_revision: str, hook_points: tuple[str, str]) -> list[str]:
    """Hex sha256 a latent: its own tensors, what all share, the configuration, and the model whose activations it
    reads and writes at `hook_points` (input, output)."""
    shared = _headed([dict(coder.configuration()), model_revision, *hook_points])
    for name, tensor in sorted(coder.shared_tensors().items()):
        shared.update(f"\n{name} {list(tensor.shape)}\n".encode())
        shared.update(_bytes(tensor))
    own = sorted(coder.latent_tensors().items())
    shared.update(canonical_json([[name, list(tensor.shape[1:])] for name, tensor in own]).encode())
    parts = [tensor.reshape(coder.width, -1) for _, tensor in own]
    block = max(1, BLOCK_VALUES // sum(part.shape[1] for part in parts))
    identities = []
    for first in range(0, coder.width, block):
        for row in _floats(torch.cat([part[first : first + block] for part in parts], dim=1)):
            digest = shared.copy()
            digest.update(row)
            identities.append(digest.hexdigest())
    return identities


def _headed(basis: Mapping[str, Any] | list[Any]) -> "hashlib._Hash":
    return hashlib.sha256(canonical_json(basis).encode())


def _floats(tensor: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.ascontiguousarray(tensor.detach().float().cpu().numpy()).astype("<f4", copy=False)


def _bytes(tensor: Tensor) -> bytes:
    return _floats(tensor).tobytes()
