"""How far the writing of a release is, kept in the cache: the worker's transaction, a snapshot, can say nothing."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass

import pyarrow as pa
from django.core.cache import cache
from redis.exceptions import RedisError

from annotation.export.columns import Table

KEPT_SECONDS = 600
ROWS = 20_000
"""After so many rows it is noted again."""
Streams = Iterable[tuple[Table, Iterable[pa.RecordBatch]]]


@dataclass(frozen=True, kw_only=True)
class ReleaseProgress:
    table: str
    """The one being written."""
    done: int
    tables: int
    rows: int
    """Of all tables so far."""


def release_progress(release_id: int) -> ReleaseProgress | None:
    """None while nothing is written yet, or where the cache is away or has forgotten."""
    with suppress(RedisError):
        found = cache.get(_key(release_id))
        return ReleaseProgress(**found) if found else None
    return None


def noting(release_id: int, streams: Streams, *, tables: int) -> Iterator[tuple[Table, Iterator[pa.RecordBatch]]]:
    """The same streams; how far they are read is noted as they go by."""
    rows = 0

    def counted(table: Table, done: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        nonlocal rows
        noted = rows
        _note(release_id, ReleaseProgress(table=table.name, done=done, tables=tables, rows=rows))
        for batch in batches:
            yield batch
            rows += batch.num_rows
            if rows - noted >= ROWS:
                noted = rows
                _note(release_id, ReleaseProgress(table=table.name, done=done, tables=tables, rows=rows))

    for done, (table, batches) in enumerate(streams):
        yield table, counted(table, done, batches)
    _note(release_id, ReleaseProgress(table="", done=tables, tables=tables, rows=rows))


def _note(release_id: int, progress: ReleaseProgress) -> None:
    with suppress(RedisError):  # A release is no poorer for a picture that was not drawn.
        cache.set(_key(release_id), asdict(progress), timeout=KEPT_SECONDS)


def _key(release_id: int) -> str:
    return f"release-progress:{release_id}"
