"""Lines of a text file, each with its number, none longer than a document may be."""

from collections.abc import Iterator

from annotation.interop.corpora.encodings import Encoding
from annotation.interop.corpora.record import DOCUMENT_LIMIT
from annotation.interop.corpora.sources import SourceFile
from annotation.interop.unreadable import Unreadable

MEGABYTES = DOCUMENT_LIMIT // 1024 // 1024


def numbered_lines(file: SourceFile, encoding: Encoding, *, newline: str = "\n") -> Iterator[tuple[int, str]]:
    """Lines with their ends, from 1. newline: as for `open`: "\\n" for records a line, "" for CSV.

    Raises Unreadable for a line that is too long, and where the file changed under our hands.
    """
    number = 0
    try:
        with file.path.open(encoding=encoding.codec, newline=newline) as opened:
            while line := opened.readline(DOCUMENT_LIMIT + 1):
                number += 1
                if len(line) > DOCUMENT_LIMIT:
                    raise Unreadable(
                        f"{file.name}, line {number}: longer than {MEGABYTES} MB. Is it one document a line?"
                    )
                yield number, line
    except UnicodeDecodeError as error:
        raise Unreadable(f"{file.name}, line {number + 1}: not {encoding.title}. Save the file as UTF-8.") from error
    except OSError as error:
        raise Unreadable(f"{file.name} cannot be read on: {error.strerror}. Check the disk.") from error
