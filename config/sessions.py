"""Sessions in the database, read from the cache where it answers: nobody is signed out because the cache is gone."""

from typing import Any

from django.contrib.sessions.backends.cached_db import SessionStore as CachedSessionStore
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from redis.exceptions import RedisError


class SessionStore(CachedSessionStore):
    """Django's own reads past a cache that does not answer, and then fails when it stores there what it read."""

    def load(self) -> dict[str, Any]:
        try:
            return super().load()
        except RedisError:
            return DatabaseSessionStore.load(self)
