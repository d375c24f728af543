"""Slows down guessing: so many failed tries for one address from one place, then a pause."""

import hashlib

from django.core.cache import cache
from django.http import HttpRequest

TRIES = 10
PAUSE_SECONDS = 15 * 60
TOO_MANY = "Too many tries. Wait a quarter of an hour, or enter by a one-time link."


def may_try(request: HttpRequest, email: str) -> bool:
    return int(cache.get(_key(request, email), 0)) < TRIES


def note_failure(request: HttpRequest, email: str) -> None:
    key = _key(request, email)
    cache.add(key, 0, timeout=PAUSE_SECONDS)
    cache.incr(key)


def forget_failures(request: HttpRequest, email: str) -> None:
    cache.delete(_key(request, email))


def _key(request: HttpRequest, email: str) -> str:
    who = f"{email.strip().lower()} {request.META.get('REMOTE_ADDR', '')}"
    return "sign-in:" + hashlib.sha256(who.encode()).hexdigest()
