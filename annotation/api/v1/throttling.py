"""How much one caller may ask: so many reads and so many writes a minute, counted in the shared cache."""

import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from annotation.models import ApiToken

logger = logging.getLogger("annotation.api")
MINUTE = 60
SAFE = ("GET", "HEAD", "OPTIONS")


class Pace(BaseThrottle):
    """A window of a minute, counted by one atomic step. Where the cache does not answer, nobody is held up."""

    seconds_left = float(MINUTE)

    def allow_request(self, request: Request, view: Any) -> bool:
        now = time.time()
        reads = request.method in SAFE
        limit = settings.API_READS_PER_MINUTE if reads else settings.API_WRITES_PER_MINUTE
        self.seconds_left = MINUTE - now % MINUTE
        return self._asked(f"api:{'r' if reads else 'w'}:{self._who(request)}:{int(now // MINUTE)}") <= limit

    def wait(self) -> float:
        return self.seconds_left

    def _asked(self, key: str) -> int:
        try:
            if cache.add(key, 1, timeout=2 * MINUTE):
                return 1
            return cache.incr(key)
        except ValueError:  # It ran out between the two.
            return 1
        except RedisError as error:
            logger.warning("Requests are not counted: the cache does not answer (%s)", type(error).__name__)
            return 0

    def _who(self, request: Request) -> str:
        if isinstance(request.auth, ApiToken):
            return f"token:{request.auth.pk}"
        if request.user.is_authenticated:
            return f"user:{request.user.pk}"
        return f"address:{self.get_ident(request)}"
