"""ETag, If-None-Match and If-Match: a strong tag of what was read, which a change has to name."""

import hashlib
import json
from typing import Any

from django.http import HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.v1 import problems
from annotation.api.v1.errors import Precondition


def tag_of(data: Any) -> str:
    """Of a representation: the same for the same content."""
    plain = json.loads(JSONRenderer().render(data))
    return f'"{hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32]}"'


def tagged(request: Request, data: Any, status: int = 200) -> HttpResponse:
    """The answer with its ETag; 304 without a body to a reader who has it already."""
    tag = tag_of(data)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if request.method in ("GET", "HEAD") and ("*" in known or tag in (one.removeprefix("W/") for one in known)):
        response: HttpResponse = HttpResponse(status=304)
    else:
        response = Response(data, status=status)
    response["ETag"] = tag
    patch_vary_headers(response, ("Authorization", "Cookie"))
    return response


def check_match(request: Request, data: Any) -> None:
    """data: the representation as it is now. Raises Precondition (428 without If-Match, 412 where it is another)."""
    given = request.headers.get("If-Match", "")
    if not given.strip():
        raise Precondition(problems.NO_CONDITION, problems.NO_CONDITION.meaning)
    named = parse_etags(given)
    if "*" not in named and tag_of(data) not in named:
        raise Precondition(problems.CHANGED, f"{problems.CHANGED.title}. {problems.CHANGED.meaning}")
