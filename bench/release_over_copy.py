"""What a release costs over Postgres' own COPY: every table in three formats with digests, the zip, all that is cut."""

from typing import Any

from bench.harness import at_least
from bench.released import MANY, released

NAME = "release_over_copy"
HOW = (
    f"Rows a second of cutting a release with {MANY:,} ratings (all tables as CSV, JSON Lines and Parquet, digests, "
    "zip, audit), over rows a second of COPY (the same SELECTs) TO STDOUT CSV into files, before and after it in the "
    "same run."
)
TARGET = at_least(0.25)


def measure() -> dict[str, Any]:
    taken = released()
    cut, copied = taken.many, taken.copied
    return {
        "value": copied / cut.seconds,
        "detail": f"{cut.all_rows / cut.seconds:,.0f} over {cut.all_rows / copied:,.0f} rows/s, {cut.all_rows:,} rows "
        f"of all tables, {cut.bytes / 1e9:.2f} GB; without the zip {copied / (cut.seconds - cut.zip):.2f}",
    }
