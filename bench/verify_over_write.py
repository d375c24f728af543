"""What it costs to prove that a release is intact, over writing it."""

from typing import Any

from bench.harness import at_most
from bench.released import MANY, released

NAME = "verify_over_write"
HOW = (
    "seconds of `python -m annotation.export verify` (digests, schema, counts) over seconds of cutting the same "
    f"release, {MANY:,} ratings; the worse of two: the folder over all but the zip, and the zip over all"
)
TARGET = at_most(0.999)


def measure() -> dict[str, Any]:
    taken = released()
    cut = taken.many
    folder, archive = taken.verified / (cut.seconds - cut.zip), taken.zip_verified / cut.seconds
    return {
        "value": max(folder, archive),
        "detail": f"folder {taken.verified:.1f} s over {cut.seconds - cut.zip:.1f} s, zip {taken.zip_verified:.1f} s "
        f"over {cut.seconds:.1f} s, {cut.all_rows:,} rows",
    }
