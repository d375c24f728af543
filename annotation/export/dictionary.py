"""docs/reference/release-columns.md, printed from the column dictionary."""

from collections.abc import Iterator

from annotation.export.columns import Column, Table
from annotation.export.schema import EXAMPLE_ANSWER, tables

INTRODUCTION = """\
# What a release holds

Printed by `python manage.py release_columns` from `annotation/export/schema.py`; do not edit it by hand.

Every table comes as `.csv`, `.jsonl` and `.parquet` with the same rows in the same order. `answer_<item>` and
`weight_<item>` stand for one column per rubric item and per item that consensus is computed on. No other column leaves
the system: no text of a note, no name, no e-mail address, no user id.

| type | CSV | JSON Lines | Parquet |
|---|---|---|---|
| text | always in quotes; `""` is empty, nothing is missing | string or null | string |
| integer | digits | number or null | int64 |
| number | decimal that reads back exactly | number or null | double |
| yes or no | `true`, `false` | `true`, `false` | boolean |
| moment | `2026-11-22T10:42:00.000000Z` | the same as a string | timestamp, microseconds, UTC |
| list of texts | a JSON array in quotes | array or null | list of string |
"""


def markdown() -> str:
    """The whole page."""
    parts = [INTRODUCTION, *map(_section, tables([EXAMPLE_ANSWER], [EXAMPLE_ANSWER.item]))]
    return "\n".join(parts)


def _section(table: Table) -> str:
    return "\n".join(
        [
            f"## {table.name}",
            "",
            f"One row is {table.rows}. Key: {', '.join(map(_code, table.key))}.",
            "",
            "| column | type | meaning | missing means | from |",
            "|---|---|---|---|---|",
            *_rows(table),
            "",
        ]
    )


def _rows(table: Table) -> Iterator[str]:
    for column in table.columns:
        yield f"| {' | '.join(map(_cell, _described(column)))} |"


def _described(column: Column) -> tuple[str, ...]:
    return (
        _code(column.name),
        column.kind.value,
        column.meaning,
        column.empty or "never missing",
        _code(column.source),
    )


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
