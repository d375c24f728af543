"""Where an imported run comes from, in words for its study's page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from annotation.models import RunImport

TOOLS = {"neuronpedia": "Neuronpedia", "saedashboard": "SAEDashboard", "delphi": "delphi"}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    tool: str
    at: datetime
    by: str
    """`by Rosa`, or that it was done on the command line."""
    gate: str
    """That the gate was not run, and why."""
    notes: tuple[str, ...]
    """What the files do not say."""
    files: tuple[tuple[str, str], ...]
    """Name and sha256."""

    @property
    def summary(self) -> str:
        number = len(self.files)
        return (
            f"What its {number:,} files do not say, and their digests" if number > 1 else "What its file does not say"
        )


def run_provenance(run: int | None) -> Provenance | None:
    """None for a run that was mined here. One statement."""
    found = RunImport.objects.filter(run=run).select_related("run", "imported_by").first() if run else None
    if found is None:
        return None
    manifest: Mapping[str, Mapping[str, str]] = found.run.manifest or {}
    return Provenance(
        tool=TOOLS.get(found.tool, found.tool),
        at=found.imported_at,
        by=f"by {found.imported_by.name}" if found.imported_by else "on the command line",
        gate=manifest.get("gate", {}).get("note", ""),
        notes=tuple(found.notes),
        files=tuple(sorted(found.files.items())),
    )
