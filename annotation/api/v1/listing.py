"""Lists in pages by cursor: each page begins behind the last row of the one before, whatever came in meanwhile."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import F, Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

SALT = "consilium.api.cursor"
DEFAULT_ROWS, MOST_ROWS = 50, 200
Row = TypeVar("Row")


class NoQuery(serializers.Serializer[Any]):
    """An address without parameters."""


class PageQuery(serializers.Serializer[Any]):
    """What every list takes. A list with filters or an order of one's choice adds them here, and no other is taken."""

    limit = serializers.IntegerField(
        min_value=1, max_value=MOST_ROWS, default=DEFAULT_ROWS, help_text="Rows a page at the most."
    )
    cursor = serializers.CharField(
        required=False, max_length=1000, help_text="From `next` of the page before; it holds for the same filters."
    )


@dataclass(frozen=True)
class Slice(Generic[Row]):
    rows: Sequence[Row]
    next: str | None
    """Cursor of the following page."""


def read_query(request: Request, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The parameters as the shape reads them. Raises ValidationError for an unknown, repeated or wrong one."""
    fields = shape().fields
    for name, values in request.query_params.lists():
        if name not in fields:
            known = ", ".join(fields) or "none"
            raise ValidationError({"?parameters": f"There is no such parameter here. This address takes: {known}."})
        if len(values) > 1:
            raise ValidationError({f"?{name}": "Give this parameter once."})
    given = shape(data=request.query_params.dict())
    if not given.is_valid():
        raise ValidationError({f"?{name}": told for name, told in given.errors.items()})
    return dict(given.validated_data)


def of_rows(
    rows: QuerySet[Any, Row],
    query: Mapping[str, Any],
    *,
    order: str = "pk",
    of: str = "",
    unique: str = "pk",
) -> Slice[Row]:
    """A page of a queryset. order: a field, with a minus for the largest first; rows without a value come last.

    unique: a field that no two rows share, which settles ties. of: what the cursor holds for beside the filters.
    """
    descending, field = order.startswith("-"), order.removeprefix("-")
    after = _after(query, of)
    if after is not None:
        rows = rows.filter(_behind(field, unique, after, descending=descending))
    key = F(field).desc(nulls_last=True) if descending else F(field).asc(nulls_last=True)
    found = list(rows.order_by(key, unique)[: query["limit"] + 1])
    shown = found[: query["limit"]]
    more = len(found) > len(shown)
    return Slice(shown, _cursor([_value(shown[-1], field), _value(shown[-1], unique)], query, of) if more else None)


def of_list(found: Iterable[Row], query: Mapping[str, Any], *, key: Callable[[Row], Any], of: str = "") -> Slice[Row]:
    """A page of a sequence in the order of `key`: plain numbers or words, or lists of them, no two alike."""
    after = _after(query, of)
    ordered = sorted(found, key=key)
    left = [row for row in ordered if after is None or key(row) > after[0]]
    shown = left[: query["limit"]]
    return Slice(shown, _cursor([key(shown[-1])], query, of) if len(left) > len(shown) else None)


def listed(request: Request, page: Slice[Any], items: Any) -> Response:
    """{items, next}; `next` is the whole address of the following page, also in a Link header (RFC 8288)."""
    if page.next is None:
        return Response({"items": items, "next": None})
    query = request.query_params.copy()
    query["cursor"] = page.next
    address = f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"
    return Response({"items": items, "next": address}, headers={"Link": f'<{address}>; rel="next"'})


def _behind(field: str, unique: str, after: Sequence[Any], *, descending: bool) -> Q:
    try:
        value, last = after
    except (TypeError, ValueError):
        raise _outdated() from None
    tie = Q(**{f"{unique}__gt": last})
    if value is None:
        return Q(**{f"{field}__isnull": True}) & tie
    beyond = Q(**{f"{field}__{'lt' if descending else 'gt'}": value}) | Q(**{f"{field}__isnull": True})
    return beyond | (Q(**{field: value}) & tie)


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = row.pk if name == "pk" and isinstance(row, Model) else getattr(row, name)
    return row.isoformat() if isinstance(row, datetime) else row


def _cursor(after: Sequence[Any], query: Mapping[str, Any], of: str) -> str:
    return signing.dumps([_filters(query, of), list(after)], salt=SALT, compress=True)


def _after(query: Mapping[str, Any], of: str) -> list[Any] | None:
    """Where the page before ended. Raises ValidationError for a cursor that this list did not give."""
    if "cursor" not in query:
        return None
    try:
        filters, after = signing.loads(query["cursor"], salt=SALT)
    except (signing.BadSignature, ValueError):
        raise _outdated() from None
    if filters != _filters(query, of):
        raise _outdated()
    return list(after)


def _filters(query: Mapping[str, Any], of: str) -> str:
    """A digest of all that decides what the list holds: a cursor taken elsewhere would skip rows."""
    held = {name: str(value) for name, value in query.items() if name not in ("cursor", "limit")}
    return hashlib.sha256(json.dumps([of, held], sort_keys=True).encode()).hexdigest()[:16]


def _outdated() -> ValidationError:
    return ValidationError({"?cursor": "This cursor does not belong to this list. Begin again without one."})
