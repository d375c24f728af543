"""What can go wrong with a request, as RFC 9457 wants it told: a name that programs compare, a sentence for people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MEDIA_TYPE = "application/problem+json"
HOME = "/api/v1/reference/#problem-"
"""Before a problem's name: its `type`, which is also the address where it is explained."""


@dataclass(frozen=True)
class Problem:
    name: str
    status: int
    title: str
    meaning: str
    """For the reference page: what to do about it."""

    @property
    def type(self) -> str:
        return HOME + self.name

    def body(self, detail: str, *, instance: str = "", errors: Iterable[Mapping[str, str]] = ()) -> dict[str, Any]:
        """errors: {pointer or parameter or header, detail} each."""
        told: dict[str, Any] = {"type": self.type, "title": self.title, "status": self.status, "detail": detail}
        if instance:
            told["instance"] = instance
        if listed := list(errors):
            told["errors"] = listed
        return told


MALFORMED = Problem(
    "malformed", 400, "The request cannot be read", "Send one JSON value, in UTF-8, as the schema says."
)
UNAUTHENTICATED = Problem(
    "unauthenticated", 401, "Nobody is signed in", "Send `Authorization: Bearer` with a token that works."
)
FORBIDDEN = Problem(
    "forbidden",
    403,
    "This is not yours to do",
    "Your role, your token's scopes, or blinding forbid it: the detail says which.",
)
NOT_FOUND = Problem(
    "not-found", 404, "There is no such thing", "It does not exist, or not for you: to you that is the same."
)
METHOD = Problem("method", 405, "Not by this method", "The header `Allow` lists those that the address takes.")
NOT_ACCEPTABLE = Problem("not-acceptable", 406, "Not in this format", "Accept `application/json`.")
CONFLICT = Problem(
    "conflict", 409, "Not as things stand", "The state forbids it: the detail says why, and what to do instead."
)
KEY_REUSED = Problem(
    "key-reused", 409, "This Idempotency-Key came with another request", "Give each request a key of its own."
)
CHANGED = Problem(
    "changed", 412, "It has changed since you read it", "GET it again, and send what you want with the new ETag."
)
TOO_LARGE = Problem("too-large", 413, "The request is too large", "Send less.")
MEDIA = Problem("media-type", 415, "Not from this format", "Send `Content-Type: application/json`.")
RANGE = Problem(
    "range", 416, "The file ends before that", "`Content-Range` says how long it is: ask for what there is."
)
INVALID = Problem(
    "invalid",
    422,
    "Something in the request is missing or wrong",
    "`errors` names each field or parameter with a sentence.",
)
NO_CONDITION = Problem(
    "no-condition",
    428,
    "Say which state you change",
    "Send `If-Match` with the ETag that you were given when you read it.",
)
TOO_MANY = Problem("too-many", 429, "Too many requests", "Wait as many seconds as `Retry-After` says.")
INTERNAL = Problem(
    "internal",
    500,
    "An error inside Consilium",
    "Nothing was changed. Tell whoever runs this installation; its log has the rest.",
)
UNAVAILABLE = Problem(
    "unavailable", 503, "Not at the moment", "Wait as many seconds as `Retry-After` says, then try again."
)

PROBLEMS = (
    *(MALFORMED, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, METHOD, NOT_ACCEPTABLE, CONFLICT, KEY_REUSED, CHANGED),
    *(TOO_LARGE, MEDIA, RANGE, INVALID, NO_CONDITION, TOO_MANY, INTERNAL, UNAVAILABLE),
)
OF_STATUS = {problem.status: problem for problem in reversed(PROBLEMS)}
"""The first of those that share a status."""
