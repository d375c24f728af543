"""What lies in a queue of the real broker: messages as a worker of the other side would take them."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import redis
from django.conf import settings

STEPS = (0, 3, 6, 9)
"""Kombu's own steps of priority; each but the first has a list of its own."""
SEPARATOR = "\x06\x16"


@dataclass(frozen=True, kw_only=True)
class Message:
    task: str
    keywords: dict[str, Any]
    step: int
    """Of priority, 0 goes first."""
    raw: str


def empty(queue: str = "gpu") -> None:
    _broker().delete(*_lists(queue).values())


def waiting(queue: str = "gpu") -> list[Message]:
    """Oldest first within a step, the most urgent step first."""
    broker = _broker()
    return [_message(raw, step) for step, name in _lists(queue).items() for raw in reversed(broker.lrange(name, 0, -1))]


def _lists(queue: str) -> dict[int, str]:
    return {step: f"{queue}{SEPARATOR}{step}" if step else queue for step in STEPS}


def _message(raw: bytes, step: int) -> Message:
    envelope = json.loads(raw)
    body = base64.b64decode(envelope["body"]).decode()
    return Message(task=envelope["headers"]["task"], keywords=json.loads(body)[1], step=step, raw=raw.decode() + body)


def _broker() -> "redis.Redis[bytes]":
    return redis.Redis.from_url(settings.REDIS_URL)
