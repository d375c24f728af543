"""What depends on an SAE and its model alone: identities of the latents, logit lens, nearest decoder directions.

Made once, kept under the artifact root as saes/<key>/profile.parquet, and read by every run with that SAE.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from saeserve.artifacts import write_atomically
from saeserve.contract import canonical_json
from saeserve.fit import Fit
from saeserve.identity import latent_identities
from saeserve.lens import lens
from saeserve.mining.list_columns import struct_lists, texts
from saeserve.mining.neighbours import decoder_neighbours
from saeserve.token_strings import token_strings

VERSION = 1
"""Raised when what is written below changes: profiles kept before are then not read again."""
LOGITS = pa.list_(pa.struct([("token", pa.string()), ("logit", pa.float32())]))
NEIGHBOURS = pa.list_(pa.struct([("latent", pa.int32()), ("cosine", pa.float32())]))
PROFILE = pa.schema(
    [("identity", pa.string()), ("promoted", LOGITS), ("suppressed", LOGITS), ("neighbours", NEIGHBOURS)]
)
NOTE = b"lens"


@dataclass(frozen=True)
class SaeProfile:
    """Columns of latents.parquet that no corpus changes."""

    latents: pa.Table
    """PROFILE, one row a latent."""
    lens: str
    """How the logit lens was read, or why there is none."""

    @property
    def neighbours(self) -> NDArray[np.int64]:
        """[latent, neighbour] nearest first."""
        lists = self.latents.column("neighbours").combine_chunks()
        flat = lists.flatten().field("latent").to_numpy().astype(np.int64)
        return flat.reshape(len(lists), len(flat) // max(1, len(lists)))


def sae_profile(root: Path, fit: Fit) -> SaeProfile:
    """Read from the artifact root; where that holds none, or a damaged one, made and kept. Raises NoSpace."""
    path = profile_file(root, fit)
    found = _read(path, fit.sae.coder.width)
    if found is None:
        found = make_profile(fit)
        table = found.latents.replace_schema_metadata({NOTE: found.lens.encode()})
        write_atomically(path, lambda aside: pq.write_table(table, aside, compression="zstd", write_page_checksum=True))
    return found


def profile_file(root: Path, fit: Fit) -> Path:
    """Where the profile lies that belongs to these weights, read and written at these hook points in this dtype."""
    model = fit.model
    basis = [VERSION, fit.sae_digest, model.revision, model.dtype, str(fit.point), str(fit.output_point)]
    return root / "saes" / hashlib.sha256(canonical_json(basis).encode()).hexdigest() / "profile.parquet"


def make_profile(fit: Fit) -> SaeProfile:
    read, near = lens(fit), decoder_neighbours(fit.sae.coder.decoder)
    hook_points = str(fit.point), str(fit.output_point)
    known, places = np.unique(np.concatenate([read.promoted, read.suppressed]), return_inverse=True)
    names = texts(token_strings(fit.model.tokenizer, known.tolist()) if len(known) else [], places.ravel())
    shown = read.promoted.shape
    counts = np.full(shown[0], shown[1])
    columns = {
        "identity": latent_identities(fit.sae.coder, model_revision=fit.model.revision, hook_points=hook_points),
        "promoted": struct_lists(
            counts, {"token": names[: read.promoted.size], "logit": read.promoted_logits.reshape(-1)}
        ),
        "suppressed": struct_lists(
            counts, {"token": names[read.promoted.size :], "logit": read.suppressed_logits.reshape(-1)}
        ),
        "neighbours": struct_lists(
            np.full(len(near.latents), near.latents.shape[1]),
            {"latent": near.latents.reshape(-1).astype(np.int32), "cosine": near.cosines.reshape(-1)},
        ),
    }
    return SaeProfile(pa.table(columns, schema=PROFILE), read.note)


def _read(path: Path, width: int) -> SaeProfile | None:
    """None where there is no file, or one that is not whole."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
    except (OSError, pa.ArrowException):
        return None
    note = (table.schema.metadata or {}).get(NOTE)
    if note is None or table.num_rows != width or not table.schema.equals(PROFILE):
        return None
    return SaeProfile(table.combine_chunks(), note.decode())
