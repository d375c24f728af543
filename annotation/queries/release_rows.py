"""The rows of a release, streamed out of the database as record batches: memory does not grow with the study.

COPY sends rows as it finds them, and pyarrow parses them a batch at a time; no Python object a cell, no ORM.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv
from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from annotation.enums import ItemKind
from annotation.export.chosen import NOTHING, Chosen
from annotation.models import Consensus, ResultRun, RubricItem, Study
from annotation.queries.concept_names import broader
from annotation.queries.release_raters import released_calibration
from annotation.queries.release_select import Select
from annotation.queries.release_selects import SELECTS, ratings
from annotation.queries.scorers_in_use import scorers_in_use
from annotation.queries.text_leaving import text_leaving
from annotation.rules.rubric_item import SCALES

BATCH_BYTES = 4 * 1024 * 1024
BATCH_ROWS = 16_384
DOCUMENTS = "consilium.release.documents"
"""Salt of the key under which a study's documents get the names that they have in releases."""


@dataclass(frozen=True, kw_only=True)
class RatedItem:
    """A rubric item, as the study's rounds asked it."""

    key: str
    question: str
    is_list: bool
    is_number: bool
    """True if it is a scale in every version: its points are whole numbers."""


def rated_items(study: Study) -> list[RatedItem]:
    """Items of every rubric version that the study's rounds used, apart from the concept, in order."""
    asked = RubricItem.objects.filter(version__in={study.rubric_id, *study.rounds.values_list("rubric", flat=True)})
    by_key: dict[str, list[RubricItem]] = {}
    for item in asked.exclude(kind=ItemKind.CONCEPT).order_by("version__number", "position"):
        by_key.setdefault(item.key, []).append(item)
    return [
        RatedItem(
            key=key,
            question=versions[-1].question,
            is_list=all(item.kind == ItemKind.FLAGS for item in versions),
            is_number=all(item.kind in SCALES for item in versions),
        )
        for key, versions in by_key.items()
    ]


def weighed_items(run: ResultRun) -> list[str]:
    """Items that the results hold a consensus on, sorted."""
    return sorted(Consensus.objects.filter(run=run).values_list("item", flat=True).distinct())


def chosen(study: Study) -> Chosen:
    """What the study's releases hold beyond what every release does, as it stands at this moment."""
    return Chosen(
        snippets=text_leaving(study).leaves,
        raters=study.release_raters,
        attributes=frozenset(study.rater_attributes if study.release_raters else ()),
    )


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What goes out: the results, and the ratings that they rest on."""

    study: Study
    run: ResultRun
    items: tuple[RatedItem, ...]
    weighed: tuple[str, ...]
    chosen: Chosen = NOTHING

    def select(self, table: str) -> tuple[Select, dict[str, Any]]:
        shared = {
            "study": self.study.pk,
            "run": self.run.pk,
            "last": self.run.last_rating,
            "simulated": self.study.simulated,
            "documents": salted_hmac(DOCUMENTS, self.study.slug, algorithm="sha256").hexdigest(),
            "calibration": json.dumps(released_calibration(self.study)) if table == "raters" else "{}",
            "scorers": json.dumps(dict(scorers_in_use(self.study))),
        }
        if table != "ratings":
            return SELECTS[table], shared
        select, own = ratings({item.key: item.is_list for item in self.items}, self.weighed)
        return select, shared | own


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything read inside is of one moment. Must be the outermost transaction; nothing can be written in it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # Postgres' own default would sort and join a million ratings on disk.
            cursor.execute("SET LOCAL work_mem = '64MB'")
        yield


def rows(cut: Cut, table: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The table's rows in the columns and types of the schema. To be read within `snapshot`, to the end."""
    if table == "hierarchy":
        yield from _hierarchy(cut.study, schema)
        return
    select, parameters = cut.select(table)
    statement = f"COPY ({select.sql(schema.names)}) TO STDOUT (FORMAT csv)"
    with connection.cursor() as cursor, cursor.copy(statement, parameters) as copy:
        for block in blocks(copy):
            yield parse(block, schema)


def _hierarchy(study: Study, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """What follows from facts and code systems together is worked out in Python; it is small."""
    links = [(name, above) for name, every in sorted(broader(study).items()) for above in sorted(every)]
    if links:
        said = [{"concept": name, "broader": above, "simulated": study.simulated} for name, above in links]
        yield pa.RecordBatch.from_pylist(said, schema=schema)


def blocks(lines: Iterable[Any]) -> Iterator[bytes]:
    """COPY's lines, one message a row, gathered to batches."""
    held: list[Any] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= BATCH_BYTES or len(held) >= BATCH_ROWS:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def parse(block: bytes, schema: pa.Schema) -> pa.RecordBatch:
    """COPY's CSV as a batch: nothing is a missing value, `""` an empty text."""
    types = {field.name: pa.string() if pa.types.is_list(field.type) else field.type for field in schema}
    table = pyarrow.csv.read_csv(
        pa.BufferReader(block),
        read_options=pyarrow.csv.ReadOptions(
            column_names=schema.names, use_threads=False, block_size=max(len(block), 1)
        ),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    ).combine_chunks()
    columns = [_typed(_whole(table.column(field.name)), field) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _typed(column: pa.Array, field: pa.Field) -> pa.Array:
    """Lists come as JSON; there are few different ones, and each is read once."""
    if not pa.types.is_list(field.type):
        return column
    encoded = column.dictionary_encode()
    different: Mapping[int, Any] = dict(enumerate(encoded.dictionary.to_pylist()))
    read = pa.array([[str(value) for value in json.loads(text)] for text in different.values()], field.type)
    return read.take(encoded.indices)
