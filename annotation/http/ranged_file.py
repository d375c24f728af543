"""A file whose download goes on where it was cut off: HTTP ranges, as RFC 9110 section 14 has them."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

CHUNK = 256 * 1024
ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def ranged_file(request: HttpRequest, path: Path, *, name: str, sha256: str) -> HttpResponseBase:
    """The file, or the one range of it that was asked for; `sha256` is its ETag, so that no two files are ever joined.

    Several ranges at once, and a range of another version (`If-Range`), get the whole file.
    """
    size, etag = path.stat().st_size, f'"{sha256}"'
    wanted = _range(request, size, etag)
    response: HttpResponseBase
    if wanted is None:
        response = FileResponse(path.open("rb"), as_attachment=True, filename=name)
    elif not wanted:
        response = HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        response["Content-Range"] = f"bytes */{size}"
    else:
        first, last = wanted
        response = StreamingHttpResponse(
            _part(path, first, last), status=HTTPStatus.PARTIAL_CONTENT, content_type="application/octet-stream"
        )
        response["Content-Length"] = str(last - first + 1)
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["ETag"], response["Accept-Ranges"] = etag, "bytes"
    return response


def _range(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | tuple[()] | None:
    """First and last byte; empty where there are none such; None where the whole file is the answer."""
    asked = ONE_RANGE.fullmatch(request.headers.get("Range", "").strip())
    if asked is None or asked.group(1) == asked.group(2) == "":
        return None
    if request.headers.get("If-Range", etag) != etag:
        return None
    first, last = asked.groups()
    if not first:
        begin, end = max(0, size - int(last[:19])), size - 1
    else:
        begin, end = int(first[:19]), min(size - 1, int(last[:19])) if last else size - 1
    if last and first and int(last[:19]) < begin:
        return None
    return (begin, end) if begin <= end and begin < size else ()


def _part(path: Path, first: int, last: int) -> Iterator[bytes]:
    left = last - first + 1
    with path.open("rb") as file:
        file.seek(first)
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
