"""What a release says, read from its own files: nothing leaves for another tool that did not leave in the release."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.interop.unreadable import Unreadable

Row = dict[str, Any]
OTHER = "(other)"
"""The class of every concept that nobody proposed."""


@dataclass(frozen=True)
class Released:
    """A release's folder. Ratings are read as they are asked for, everything else is small."""

    folder: Path
    manifest: Row
    digest: str
    """sha256 of manifest.json."""

    @property
    def label(self) -> Row:
        """By which everything made from it can be traced back."""
        return {
            "study": self.manifest["study"]["slug"],
            "release": self.manifest["release"]["number"],
            "cut_at": self.manifest["cut_at"],
            "manifest_sha256": self.digest,
            "simulated": self.simulated,
        }

    @property
    def simulated(self) -> bool:
        return bool(self.manifest["simulated"])

    @property
    def concept_item(self) -> str:
        """Key of the rubric item that asks for the concept; empty where the rubric has none."""
        return next((row["item"] for row in self.rows("rubrics") if row["kind"] == "concept"), "")

    def rows(self, table: str) -> Iterator[Row]:
        """Of a table, in its order. Raises Unreadable where the release has no such table."""
        for path in self._parts(table):
            with path.open(encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)

    def has(self, table: str) -> bool:
        return any(file["table"] == table for file in self.manifest["files"])

    def latents(self) -> list[Row]:
        """Of the sample proper: a calibration latent has neither agreement nor consensus."""
        return [row for row in self.rows("latents") if row["calibration_set"] is None]

    def ratings(self) -> Iterator[Row]:
        """Those that count and name a concept."""
        return (row for row in self.rows("ratings") if row["current"] and row["outcome"] == "answered")

    def decisions(self) -> dict[int, Row]:
        """The one decision of a latent that counts, by latent."""
        return {row["latent"]: row for row in self.rows("decisions") if row["current"]}

    def distributions(self) -> dict[int, dict[str, list[Row]]]:
        """Rows by latent and item, one a class."""
        found: dict[int, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in self.rows("distributions"):
            found[row["latent"]][row["item"]].append(row)
        return found

    def _parts(self, table: str) -> list[Path]:
        names = [
            file["name"] for file in self.manifest["files"] if file["table"] == table and file["format"] == "jsonl"
        ]
        if not names:
            raise Unreadable(f"This release has no table “{table}” as JSON Lines. Cut another one, then export that.")
        return [self.folder / name for name in names]


def leaders(rows: list[Row]) -> list[str]:
    """Concepts with the largest expected share of opinion; several where they are level."""
    named = [row for row in rows if row["class"] != OTHER and row["theta"] is not None]
    most = max((row["theta"] for row in named), default=None)
    return [] if most is None else [row["class"] for row in named if row["theta"] >= most - 1e-9]


def slug(text: str) -> str:
    """Letters, digits, dots, dashes and underscores, as in names of files and sources."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "unnamed"
