"""In how many training documents each latent fires, from the cached activations."""

from collections.abc import Sequence

import torch
from jaxtyping import Int
from safetensors.torch import load_file
from torch import Tensor

from saeserve.coders.base import Coder
from saeserve.train.activations import Place, part_files
from saeserve.train.plan import Part
from saeserve.windows import BATCH_TOKENS, Window

MINIMUM_DOCUMENTS = 20
"""The minimum-activation criterion: a latent that fires in fewer documents is not given to raters."""


def documents_with(coder: Coder, place: Place, part: Part, *, device: str) -> Int[Tensor, " latent"]:
    """At least so many of the part's documents make each latent fire.

    The cache does not say which tokens were left out as sinks, so that a row of a part in which d were may be any of
    d + 1 tokens. Rows for which these lie in two windows, a few in a hundred, are left out: counts are lower bounds.
    """
    seen = torch.zeros(len(part.documents), coder.width, dtype=torch.bool)
    for windows, file in part_files(place, part.windows):
        rows = load_file(file)["activations"]
        documents = certain_documents(windows, len(rows))
        for chunk, owners in zip(torch.split(rows, BATCH_TOKENS), torch.split(documents, BATCH_TOKENS), strict=True):
            codes = coder.encode(chunk.to(device).float())
            owner = owners[codes.tokens.cpu()]
            seen[owner[owner >= 0], codes.latents.cpu()[owner >= 0]] = True
    return seen.sum(dim=0)


def certain_documents(windows: Sequence[Window], rows: int) -> Int[Tensor, " row"]:
    """Document of each row of a part, -1 where it may be one of two windows'."""
    in_order = sorted(windows, key=len, reverse=True)
    window_of = torch.repeat_interleave(torch.tensor([window.counted for window in in_order]))
    document_of = torch.tensor([window.document for window in in_order])
    dropped = len(window_of) - rows
    first, last = window_of[:rows], window_of[dropped:]
    return torch.where(first == last, document_of[first], -1)
