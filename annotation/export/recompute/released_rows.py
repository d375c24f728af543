"""Rows of a downloaded release, read from its Parquet files, which keep every digit."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from annotation.export.manifest import UnreadableManifest, read_manifest

Row = Mapping[str, Any]


class CannotRecompute(ValueError):
    """The release lacks what its results are computed from, or rests on another version of the methods."""


@dataclass(frozen=True)
class ReleasedRows:
    folder: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Raises UnreadableManifest with a sentence."""
        return read_manifest(self.folder)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, in its order. Raises CannotRecompute for a table that the release lacks."""
        names = [
            file["name"] for file in self.manifest["files"] if (file["table"], file["format"]) == (table, "parquet")
        ]
        if not names:
            raise CannotRecompute(
                f"This release has no table “{table}” as Parquet: it was cut by an earlier Consilium."
            )
        return [row for name in names for row in pq.read_table(self.folder / name).to_pylist()]


def fact(manifest: Mapping[str, Any], *names: str) -> Any:
    """A fact of the manifest, by the names on the way to it. Raises UnreadableManifest where it is missing."""
    found: Any = manifest
    for name in names:
        if not isinstance(found, Mapping) or name not in found:
            raise UnreadableManifest(f"The manifest lacks “{'.'.join(names)}”.")
        found = found[name]
    return found
