"""The OpenAPI 3.1 description of the whole API, made once a process from what the views say of themselves."""

import json
from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from annotation.api.v1.base import ApiView

VERSION = "1.0.0"


@lru_cache(1)
def description() -> dict[str, Any]:
    """As plain JSON values; the same for everybody. Whoever asks does not change it."""
    from django.urls import include, path

    from annotation.api.v1.urls import urlpatterns

    patterns = [path("api/v1/", include(urlpatterns))]
    generator = SchemaGenerator(patterns=patterns, api_version=VERSION)  # type: ignore[no-untyped-call]
    found = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


@lru_cache(1)
def _written() -> bytes:
    return json.dumps(description(), ensure_ascii=False).encode()


class Description(ApiView):
    """GET openapi.json"""

    permission_classes = [AllowAny]
    schema = None  # type: ignore[assignment]

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(_written(), content_type="application/json")
