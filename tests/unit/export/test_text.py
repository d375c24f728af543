"""Rows as text: read back by other programs, whatever the cells hold."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.export.text import Unwritable, check_batch, csv_header, csv_lines, json_lines

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("whole", pa.int64()),
        ("real", pa.float64()),
        ("yes", pa.bool_()),
        ("list", pa.list_(pa.string())),
    ]
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.none() | TEXTS,
            "whole": st.none() | st.integers(-(2**62), 2**62),
            "real": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "yes": st.none() | st.booleans(),
            "list": st.none() | st.lists(TEXTS, max_size=4),
        }
    ),
    max_size=8,
)


def batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


@given(ROWS)
def test_json_lines_read_back_exactly(rows: list[dict[str, Any]]) -> None:
    lines = bytes(json_lines(batch(rows))).decode().split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == rows


@given(ROWS)
def test_csv_reads_back_exactly(rows: list[dict[str, Any]]) -> None:
    file = io.StringIO(bytes(csv_lines(batch(rows))).decode(), newline="")
    read = list(csv.reader(file))
    assert len(read) == len(rows)
    for cells, row in zip(read, rows, strict=True):
        text, whole, real, yes, listed = cells
        assert text == (row["text"] or "")
        assert whole == ("" if row["whole"] is None else str(row["whole"]))
        assert (None if real == "" else float(real)) == row["real"]
        assert {"": None, "true": True, "false": False}[yes] == row["yes"]
        assert (None if listed == "" else json.loads(listed)) == row["list"]


@given(ROWS, st.integers(0, 8))
def test_a_slice_is_written_as_its_own_rows(rows: list[dict[str, Any]], start: int) -> None:
    whole = batch(rows)
    assert bytes(json_lines(whole.slice(start))) == bytes(json_lines(batch(rows[start:])))
    assert bytes(csv_lines(whole.slice(start))) == bytes(csv_lines(batch(rows[start:])))


def test_csv_tells_a_missing_value_from_an_empty_text() -> None:
    rows = pa.record_batch({"a": [1, 2], "text": pa.array(["", None])})
    assert bytes(csv_lines(rows)) == b'1,""\r\n2,\r\n'


def test_csv_follows_rfc_4180() -> None:
    rows = pa.record_batch({"a": pa.array(['says "no", then\nleaves']), "b": [7]})
    assert csv_header(rows.schema) == b"a,b\r\n"
    assert bytes(csv_lines(rows)) == b'"says ""no"", then\nleaves",7\r\n'


def test_a_formula_is_left_as_it_is() -> None:
    assert bytes(csv_lines(pa.record_batch({"a": pa.array(["=1+1"])}))) == b'"=1+1"\r\n'


def test_moments_are_iso_8601_in_utc_to_the_microsecond() -> None:
    moment = pa.array([datetime(2026, 11, 22, 10, 42, 0, 5, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
    rows = pa.record_batch({"at": moment})
    assert bytes(csv_lines(rows)) == b"2026-11-22T10:42:00.000005Z\r\n"
    assert bytes(json_lines(rows)) == b'{"at":"2026-11-22T10:42:00.000005Z"}\n'


def test_a_missing_value_where_there_must_be_one_is_refused() -> None:
    schema = pa.schema([pa.field("rater", pa.string(), nullable=False)])
    rows = pa.RecordBatch.from_arrays([pa.array(["R01", None])], schema=schema)
    with pytest.raises(Unwritable, match="“rater” lacks a value in 1 row"):
        check_batch(rows)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(Unwritable, match="“theta” holds a number that is not finite"):
        check_batch(pa.record_batch({"theta": [0.5, value, None]}))
