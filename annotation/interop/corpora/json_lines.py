"""JSON Lines: one object a line."""

import json
from collections.abc import Iterator
from typing import Any

from annotation.interop.corpora.encodings import Encoding
from annotation.interop.corpora.record import Row
from annotation.interop.corpora.sources import SourceFile
from annotation.interop.corpora.text_lines import numbered_lines
from annotation.interop.unreadable import Unreadable


def json_rows(file: SourceFile, encoding: Encoding) -> Iterator[Row]:
    for place, record in json_objects(file, encoding):
        yield Row(place=place, values=record)


def json_objects(file: SourceFile, encoding: Encoding) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of each line that is not empty. Raises Unreadable."""
    for number, line in numbered_lines(file, encoding):
        if line.strip():
            place = f"{file.name}, line {number}"
            yield place, parsed(place, line)


def parsed(place: str, text: str) -> dict[str, Any]:
    """The one object. Raises Unreadable."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{place}: not JSON, or nested too deeply. Each line must be one JSON object.") from error
    if not isinstance(record, dict):
        raise Unreadable(f'{place}: not a JSON object. Each line must look like {{"id": …, "text": …}}.')
    return record
