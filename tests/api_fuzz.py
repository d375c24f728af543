"""Requests that nobody would write by hand, made from the API's own description, and what is wrong with the answers."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias, cast

import requests
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, openapi
from schemathesis import Response as Told
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from annotation.api.v1.description import description
from annotation.api.v1.operations import Operation
from annotation.api.v1.urls import urlpatterns

AnyCase: TypeAlias = Case[Any]
AnyOperation: TypeAlias = APIOperation[Any, Any, Any, Any]
SITE = "http://testserver"
CHECKED = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance", "negative_data_rejection"),
)
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
SEED = 20261123
SHOWN = 400
REAL, ALLOWED = 4, 3
"""For one request at a place that is made up, so many at one that there is; for one by anybody, so many by who may."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    token: str
    roles: frozenset[str]


@dataclass(kw_only=True)
class Fuzzed:
    """What came of it. wrong: a line for each answer that breaks a promise, its request with it."""

    statuses: Counter[int] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)
    """Ids of the operations that were carried out at least once."""
    possible: set[str] = field(default_factory=set)
    callers: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return self.statuses.total()


def fuzz(
    callers: Mapping[str, Caller],
    facts: Mapping[str, Any],
    bodies: Mapping[str, Any],
    *,
    study: str,
    foreign: bytes,
    cases: int,
    start: int = SEED,
) -> Fuzzed:
    """At least `cases` requests, spread evenly over the operations; what each did is taken back.

    facts: real values for the parts of addresses, without which nothing is found. bodies: by operation, one that is
    right. foreign: a word of another study, in lower case, which no answer may hold.
    """
    found = Fuzzed(possible=set(_declared()))
    operations = _operations()
    each = -(-cases // len(operations))
    with _quiet():
        for operation in operations:
            who = st.sampled_from(_who(callers, _declared()[_id(operation)]))
            known = _known(operation, {**facts, "study": study})
            _ask(st.tuples(who, _cases(operation, known, bodies)), callers, foreign, found, examples=each, start=start)
    return found


@cache
def _operations() -> tuple[AnyOperation, ...]:
    """412 refuses too: which state is changed is asked before what with."""
    usual = ("400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "428", "429")
    config = SchemathesisConfig()
    config.projects.default.checks.negative_data_rejection.expected_statuses = list(usual)
    schema = openapi.from_dict(description(), config=config)
    return tuple(cast(Ok[AnyOperation], found).ok() for found in schema.get_all_operations())


@cache
def _declared() -> dict[str, Operation]:
    views = [one.callback.view_class for one in urlpatterns if hasattr(one.callback, "view_class")]
    return {operation.id: operation for view in views for operation in view.operations.values()}


def _id(operation: AnyOperation) -> str:
    return str(operation.definition.raw["operationId"])


def _who(callers: Mapping[str, Caller], operation: Operation) -> list[str]:
    may = [who for who, caller in callers.items() if not operation.roles or caller.roles & set(operation.roles)]
    return [*callers, *(may * -(-ALLOWED * len(callers) // max(1, len(may))))]


def _known(operation: AnyOperation, facts: Mapping[str, Any]) -> dict[str, Any]:
    names = {"number": "release" if "/releases/" in operation.path else "round", "name": "slot"}
    if "/files/" in operation.path:
        names["name"] = "file"
    parts = [part.name for part in operation.path_parameters]
    return {part: facts[names.get(part, part)] for part in parts}


def _cases(operation: AnyOperation, known: dict[str, Any], bodies: Mapping[str, Any]) -> st.SearchStrategy[AnyCase]:
    """At places that there are and at others, with what the description allows and with what it forbids; and right."""
    places: list[dict[str, Any]] = [{}, *([{"path_parameters": known}] * REAL)] if known else [{}]
    made_up = [operation.as_strategy(mode, **place) for mode in MODES for place in places]
    body = {"body": bodies[_id(operation)]} if _id(operation) in bodies else {}
    right = operation.as_strategy(**places[-1], **body, headers={"If-Match": "*"}).map(_plainly)
    return st.sampled_from([*made_up, *([right] * (len(made_up) // 2))]).flatmap(lambda chosen: chosen)


def _plainly(case: AnyCase) -> AnyCase:
    """Without parameters that one may leave out."""
    case.query = {}
    return case


def _ask(
    strategy: st.SearchStrategy[tuple[str, AnyCase]],
    callers: Mapping[str, Caller],
    foreign: bytes,
    found: Fuzzed,
    *,
    examples: int,
    start: int,
) -> None:
    @seed(start)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(asked=strategy)
    def ask(asked: tuple[str, AnyCase]) -> None:
        who, case = asked
        answer = _answered(case, callers[who].token)
        found.statuses[answer.status_code] += 1
        found.callers.add(who)
        if answer.status_code < 300:
            found.succeeded.add(_id(case.operation))
        for sentence in _complaints(case, answer, foreign):
            found.wrong.append(f"{who} {_said(answer.request)}: {answer.status_code}: {sentence}")

    ask()


def _answered(case: AnyCase, token: str) -> Told:
    sent = requests.Request(**case.as_transport_kwargs(base_url=SITE)).prepare()
    headers = {name: _plain(value) for name, value in sent.headers.items()} | {"Authorization": f"Bearer {token}"}
    kind = headers.pop("Content-Type", "")
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    address = str(sent.url).removeprefix(SITE)
    client = Client(raise_request_exception=False)
    with transaction.atomic():
        answer: Any = client.generic(str(sent.method), address, body, content_type=kind, headers=headers)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    told = {name.lower(): [value] for name, value in answer.headers.items()}
    return Told(answer.status_code, told, content, sent, elapsed=0.0, verify=False)


def _complaints(case: AnyCase, answer: Told, foreign: bytes) -> Iterator[str]:
    try:
        case.validate_response(answer, checks=cast(Any, CHECKS.get_by_names(list(CHECKED))))
    except FailureGroup as group:
        for failure in group.exceptions:
            yield f"{failure.title}: {failure.message}" if isinstance(failure, Failure) else str(failure)
    if foreign in answer.content.lower() and foreign not in _said(answer.request).lower().encode():
        yield "A word of another study."


def _said(request: requests.PreparedRequest) -> str:
    body = request.body.decode(errors="replace") if isinstance(request.body, bytes) else str(request.body or "")
    named = {name: value for name, value in request.headers.items() if name.startswith(("If-", "Idem", "Content-T"))}
    return f"{request.method} {request.url} {named} {body[:SHOWN]}"


def _plain(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


@contextmanager
def _quiet() -> Iterator[None]:
    """Refusals by the thousand are not logged, only failures."""
    log = logging.getLogger("django.request")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
