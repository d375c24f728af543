"""manifest.json: what a release is, what it rests on, and what each of its files holds."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from annotation.export.writers import WrittenTable

FORMAT = "consilium-release-1"
"""Raised when the layout below changes its meaning."""
MANIFEST = "manifest.json"
SIMULATED_SENTENCE = (
    "These ratings were given by a program, not by people. They show how the software works and say nothing about "
    "what physicians think."
)


class UnreadableManifest(ValueError):
    """The manifest is missing, damaged or of a later format; the message says which."""


def build_manifest(
    facts: Mapping[str, Any], written: Sequence[WrittenTable], *, simulated: bool, cut_at: datetime
) -> dict[str, Any]:
    """The manifest of the tables. `facts` are the study's: release, sampling_frame, mining, results, …"""
    return {
        "format": FORMAT,
        "cut_at": moment(cut_at),
        "simulated": simulated,
        **({"notice": SIMULATED_SENTENCE} if simulated else {}),
        **facts,
        "tables": {
            table.table.name: {
                "one_row_is": table.table.rows,
                "key": list(table.table.key),
                "rows": table.rows,
                "columns": [column.to_dict() for column in table.table.columns],
            }
            for table in written
        },
        "files": [
            {"name": file.name, "table": table.table.name, "format": name, "bytes": file.bytes, "sha256": file.sha256}
            for table in written
            for name, file in table.files.items()
        ],
    }


def manifest_text(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises UnreadableManifest with a sentence."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UnreadableManifest(f"{folder} holds no {MANIFEST}: name the folder of an unpacked release.") from None
    except ValueError as error:
        raise UnreadableManifest(f"The {MANIFEST} in {folder} is damaged: {error}.") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UnreadableManifest(f"The {MANIFEST} in {folder} is not in the format {FORMAT}, which this program reads.")
    return manifest


def moment(value: datetime) -> str:
    """ISO 8601 in UTC, to the microsecond."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
