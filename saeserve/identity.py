"""Digests that say which SAE, and which latent of it, a number belongs to."""

import hashlib

import numpy as np
from torch import Tensor

from saeserve.contract import canonical_json
from saeserve.formats.saelens import SaeFolder

PARTS = ("W_enc", "b_enc", "W_dec", "b_dec")


def sae_digest(sae: SaeFolder) -> str:
    """Hex sha256 of every weight and of the encode configuration."""
    digest = hashlib.sha256(canonical_json(sae.encoding).encode())
    for name in PARTS:
        digest.update(f"\n{name}\n".encode())
        digest.update(_bytes(getattr(sae.coder, name)))
    return digest.hexdigest()


def latent_identities(sae: SaeFolder, *, model_revision: str, hook_point: str) -> list[str]:
    """Hex sha256 a latent: its own weights, what all share, and the model whose activations it reads."""
    coder = sae.coder
    shared = hashlib.sha256(canonical_json([sae.encoding, model_revision, hook_point]).encode())
    shared.update(_bytes(coder.b_dec))
    encoder, bias, decoder = coder.W_enc.T.contiguous(), coder.b_enc, coder.W_dec
    identities = []
    for index in range(coder.width):
        digest = shared.copy()
        for part in (encoder[index], bias[index], decoder[index]):
            digest.update(_bytes(part))
        identities.append(digest.hexdigest())
    return identities


def _bytes(tensor: Tensor) -> bytes:
    return np.ascontiguousarray(tensor.detach().float().cpu().numpy()).astype("<f4", copy=False).tobytes()
