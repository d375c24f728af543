"""From an exception to a problem: one place, for every view of the API."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from annotation.actions.answering_once import KeyReused
from annotation.actions.revising import Outdated
from annotation.api.v1 import problems
from annotation.api.v1.problems import Problem
from annotation.rules.answers import Incomplete
from annotation.rules.refusal import NotYours, Refused

logger = logging.getLogger("annotation.api")
RETRY_SECONDS = 5
UNREADABLE = (
    "The site cannot reach a part of itself that it needs for this. Nothing was changed. Try again in a moment."
)


class Precondition(exceptions.APIException):
    """If-Match is missing, or names a state that is past."""

    def __init__(self, problem: Problem, detail: str) -> None:
        self.problem, self.status_code = problem, problem.status
        super().__init__(detail)


def as_problem(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler of the API: never None, so that nothing leaves as a page."""
    problem, detail, errors, headers = _told(error)
    set_rollback()
    request = context.get("request")
    body = problem.body(detail, instance=request.path if request else "", errors=errors)
    return Response(body, status=problem.status, headers=headers, content_type=problems.MEDIA_TYPE)


Told = tuple[Problem, str, list[dict[str, str]], dict[str, str]]


def _told(error: Exception) -> Told:
    if isinstance(error, exceptions.APIException):
        return _of_drf(error)
    if isinstance(error, NotYours | Http404):
        return problems.NOT_FOUND, str(error) or "There is no such thing.", [], {}
    if isinstance(error, Incomplete):
        errors = [{"pointer": f"#/{field}", "detail": sentence} for field, sentence in error.problems.items()]
        return problems.INVALID, str(error), errors, {}
    if isinstance(error, Refused):
        return _refused(error), str(error), [], {}
    if isinstance(error, DjangoPermissionDenied):
        return problems.FORBIDDEN, str(error) or "You may not do this.", [], {}
    if isinstance(error, RequestDataTooBig):
        return problems.TOO_LARGE, "The body of the request is larger than a mebibyte.", [], {}
    if isinstance(error, RedisError | OperationalError | InterfaceError):
        logger.warning("The API could not answer: %s", type(error).__name__)
        return problems.UNAVAILABLE, UNREADABLE, [], {"Retry-After": str(RETRY_SECONDS)}
    # The name alone: a message may quote what somebody wrote, and the log holds no text.
    logger.error("The API failed: %s", type(error).__name__, exc_info=error)
    return problems.INTERNAL, problems.INTERNAL.meaning, [], {}


def _refused(error: Refused) -> Problem:
    if isinstance(error, KeyReused):
        return problems.KEY_REUSED
    return problems.CHANGED if isinstance(error, Outdated) else problems.CONFLICT


def _of_drf(error: exceptions.APIException) -> Told:
    headers: dict[str, str] = {}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    if isinstance(error, exceptions.ValidationError):
        errors = list(_fields(error.detail))
        return problems.INVALID, " ".join(one["detail"] for one in errors), errors, headers
    problem = getattr(error, "problem", None) or problems.OF_STATUS.get(error.status_code, problems.MALFORMED)
    return problem, _sentence(error, problem), [], headers


def _sentence(error: exceptions.APIException, problem: Problem) -> str:
    own = {problems.METHOD, problems.NOT_ACCEPTABLE, problems.MEDIA, problems.TOO_MANY}
    return f"{problem.title}. {problem.meaning}" if problem in own else str(error.detail)


def _fields(detail: Any, path: str = "#") -> Iterator[dict[str, str]]:
    """A line for each sentence, with the JSON pointer of the field, or the parameter, that it is about."""
    if isinstance(detail, Mapping):
        for name, below in detail.items():
            step = str(name)
            own = step if step.startswith("?") else f"{path}/{step.replace('~', '~0').replace('/', '~1')}"
            yield from _fields(below, path if step == "non_field_errors" else own)
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for place, below in enumerate(detail):
            yield from _fields(below, path if isinstance(below, str) else f"{path}/{place}")
    elif path.startswith("?"):
        yield {"parameter": path.removeprefix("?"), "detail": str(detail)}
    else:
        yield {"pointer": path, "detail": str(detail)}
