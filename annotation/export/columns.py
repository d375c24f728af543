"""What a released table consists of: typed columns, each with its meaning and where it comes from."""

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class Kind(StrEnum):
    """Type of a column, the same in every format."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    YES_NO = "yes or no"
    MOMENT = "moment"
    LIST = "list of texts"


ARROW: dict[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.YES_NO: pa.bool_(),
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.LIST: pa.list_(pa.string()),
}
"""int64, double, boolean, microseconds in UTC, list of string: the types of the Parquet files."""


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    kind: Kind
    meaning: str
    source: str
    """Table and field of the database, or the function that it follows from."""
    empty: str = ""
    """What a missing value means. A column without this sentence has a value in every row."""

    @property
    def field(self) -> pa.Field:
        return pa.field(self.name, ARROW[self.kind], nullable=bool(self.empty), metadata={"meaning": self.meaning})

    def to_dict(self) -> dict[str, str | bool]:
        """As the manifest has it."""
        return {
            "name": self.name,
            "type": self.kind.value,
            "meaning": self.meaning,
            "source": self.source,
            "may_be_missing": bool(self.empty),
            "missing_means": self.empty,
        }


@dataclass(frozen=True, kw_only=True)
class Table:
    name: str
    rows: str
    """What one row is, as a phrase: `one rating and revision`."""
    key: tuple[str, ...]
    """Columns that together name a row."""
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([column.field for column in self.columns])
