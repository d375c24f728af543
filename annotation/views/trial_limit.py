"""Slows down trying texts: so many from one person, then a pause, so that nobody keeps the gpu queue for herself."""

from django.core.cache import cache

from annotation.models import User

TRIES = 40
PAUSE_SECONDS = 10 * 60
TOO_MANY = "You have tried many texts in a short time. Wait ten minutes; what you have written stays in the box."


def may_try(user: User) -> bool:
    """Count one more try, and say whether it is allowed."""
    key = f"trials:{user.pk}"
    cache.add(key, 0, timeout=PAUSE_SECONDS)
    return cache.incr(key) <= TRIES
