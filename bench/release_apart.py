"""Cuts a release in a process of its own: `python -m bench.release_apart STUDY` prints its seconds, memory and place.

What is cut is what the worker cuts: `write_release`, with its own snapshot, all tables in three formats, digests, zip.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.harness import BenchError
from bench.stopwatch import stopwatch

KIBIBYTE = 1024


def main(slug: str) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings
    from django.utils import timezone

    from annotation.actions.releasing import request_release, write_release
    from annotation.export import folder
    from annotation.models import Membership, Study

    study = Study.objects.get(slug=slug)
    researcher = Membership.objects.filter(study=study, role="researcher")[0].user
    release = request_release(study=study, by=researcher, now=timezone.now())
    before = _peak()
    started = time.perf_counter()
    with stopwatch(("tables", folder, "write_table"), ("zip", folder, "_zip")) as parts:
        write_release(release_id=release.pk, now=timezone.now())
    seconds = time.perf_counter() - started
    release.refresh_from_db()
    if release.manifest is None:
        raise BenchError(f"The release was not cut: {release.failure}")
    place = Path(settings.ARTIFACT_ROOT) / release.folder
    return {
        "folder": str(place),
        "rows": release.manifest["tables"]["ratings"]["rows"],
        "all_rows": sum(table["rows"] for table in release.manifest["tables"].values()),
        "bytes": sum(file["bytes"] for file in release.manifest["files"]),
        "seconds": seconds,
        **parts,
        "peak": _peak(),
        "before": before,
    }


def _peak() -> int:
    """Bytes: the most that this process ever held in memory. `getrusage` would count the parent's, before exec."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * KIBIBYTE


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
