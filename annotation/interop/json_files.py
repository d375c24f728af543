"""JSON from elsewhere: one object a file, or one a line, gzipped or not. Nothing larger than said is ever in memory."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, NoReturn

from annotation.interop.files import check_plain
from annotation.interop.record import Record
from annotation.interop.unreadable import Unreadable

MEGABYTE = 1024 * 1024
FILE_LIMIT = 512 * MEGABYTE
"""Bytes of a file that is one JSON value."""
LINE_LIMIT = 8 * MEGABYTE
"""Bytes of a line. A feature with its decoder direction has about 100 kB."""
LINES_LIMIT = 8 * 1024 * MEGABYTE
"""Bytes of a file of lines, unpacked."""


def read_object(path: Path, *, limit: int = FILE_LIMIT) -> Record:
    """The file's one object."""
    check_plain(path, limit=limit)
    return _record(path.name, path.read_bytes())


def read_lines(path: Path, *, limit: int = LINES_LIMIT, line_limit: int = LINE_LIMIT) -> Iterator[Record]:
    """Each line's object; empty lines are left out. `limit` bounds the unpacked bytes, however small the archive."""
    check_plain(path, limit=limit)
    seen, number = 0, 0
    try:
        with closing(_opened(path)) as file:
            while line := file.readline(line_limit + 1):
                number += 1
                seen += len(line)
                place = f"{path.name}, line {number}"
                if len(line) > line_limit:
                    raise Unreadable(f"{place}: longer than {line_limit // MEGABYTE} MB. Is it one JSON object a line?")
                if seen > limit:
                    raise Unreadable(
                        f"{path.name} unpacks to more than {limit // MEGABYTE:,} MB. Export fewer latents."
                    )
                if line.strip():
                    yield _record(place, line)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"{path.name} is damaged or no gzip file ({error}). Download or export it again.") from error


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _record(place: str, content: bytes) -> Record:
    try:
        value: Any = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Unreadable(f"{place}: not UTF-8 (byte {error.start + 1}). Export it again.") from error
    except RecursionError as error:
        raise Unreadable(f"{place}: nested too deeply to be what it should be.") from error
    except _NoNumber as error:
        raise Unreadable(f"{place}: holds {error}, which is no number. Export it without.") from error
    except ValueError as error:
        raise Unreadable(f"{place}: not JSON. The file is cut off or of another format.") from error
    if not isinstance(value, dict):
        raise Unreadable(f"{place}: not a JSON object.")
    return Record(place, value)


class _NoNumber(Exception):
    """NaN or an infinity, which Python's parser takes and JSON does not know."""


def _no_constant(name: str) -> NoReturn:
    raise _NoNumber(name)
