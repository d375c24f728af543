"""Every address under the API's root that is none."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny

from annotation.api.v1.base import ApiView


class Nowhere(ApiView):
    schema = None  # type: ignore[assignment]
    permission_classes = [AllowAny]

    def find(self, request: Any, parts: Any) -> None:
        raise NotFound("There is no such address. /api/v1/reference/ lists those that there are; each ends in a slash.")
