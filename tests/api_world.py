"""Scripts that ask the API, in the small world of the tests: by a person's token, or by her session."""

import json
from collections.abc import Collection
from typing import Any

from django.test import Client
from django.utils import timezone

from annotation.actions.api_tokens import issue_token
from annotation.enums import TokenScope
from annotation.models import Study, User
from annotation.queries.my_roles import roles_by_study
from annotation.rules.api_tokens import scopes_of

ROOT = "/api/v1/"


class Script:
    """Sends JSON and reads JSON; keeps no cookies."""

    def __init__(self, token: str = "", **headers: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = ({"Authorization": f"Bearer {token}"} if token else {}) | headers

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """path: below the API's root, or a whole one. headers: with underscores for their hyphens."""
        address = path if path.startswith(("/", "http")) else ROOT + path
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        told = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, address, **sent, headers=told)

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, {} if body is None else body, **headers)


def token(user: User, study: Study, scopes: Collection[TokenScope] | None = None, *, days: int = 30) -> str:
    """A working token of the person's for the study; by default with all scopes that her roles can use."""
    allowed = scopes_of(roles_by_study(user).get(study.pk, frozenset()))
    chosen = allowed if scopes is None else scopes
    return issue_token(study=study, name="A script", scopes=chosen, days=days, by=user, now=timezone.now()).text


def script(user: User, study: Study, scopes: Collection[TokenScope] | None = None) -> Script:
    return Script(token(user, study, scopes))


def problem(response: Any) -> dict[str, Any]:
    """The problem that a response tells, checked for what RFC 9457 asks."""
    assert response.headers["Content-Type"] == "application/problem+json", response.headers
    told: dict[str, Any] = response.json()
    assert told["status"] == response.status_code
    assert {"type", "title", "detail"} <= told.keys()
    assert told["type"].startswith("/api/v1/reference/#problem-")
    return told
