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

    found = SchemaGenerator(patterns=[path("api/v1/", include(urlpatterns))], api_version=VERSION).get_schema(
        public=True
    )
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


@lru_cache(1)
def _written() -> bytes:
    return json.dumps(description(), ensure_ascii=False).encode()


class Description(ApiView):
    """GET openapi.json"""

    permission_classes = [AllowAny]
    schema = None

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(_written(), content_type="application/json")
