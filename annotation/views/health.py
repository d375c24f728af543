"""For the load balancer: is the site up, and does it reach its servers."""

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError


@login_not_required
def health(request: HttpRequest) -> JsonResponse:
    """200 with each part's state, or 503 when one does not answer."""
    parts = {"database": _database(), "broker": _broker()}
    return JsonResponse(parts, status=200 if all(state == "up" for state in parts.values()) else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "down"
    return "up"


def _broker() -> str:
    try:
        cache.get("health")
    except (RedisError, OSError):
        return "down"
    return "up"
