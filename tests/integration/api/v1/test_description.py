"""The OpenAPI description: sound, whole, and the one in docs/."""

import json
import re
import warnings
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from annotation.api.v1.description import description
from annotation.api.v1.problems import PROBLEMS
from annotation.api.v1.urls import urlpatterns
from tests.api_world import Script


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return description()


def operations(told: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in told["paths"].items() for method, one in methods.items()]


def test_it_is_openapi_3_1_and_made_without_a_warning(told: dict[str, Any]) -> None:
    assert told["openapi"].startswith("3.1")
    validate_schema(told)
    assert not GENERATOR_STATS


def test_every_operation_of_every_view_is_in_it(told: dict[str, Any]) -> None:
    views = [pattern.callback.view_class for pattern in urlpatterns if hasattr(pattern.callback, "view_class")]
    said = {one.id for view in views for one in view.operations.values()}
    assert {one["operationId"] for _, _, one in operations(told)} == said
    handled = {
        (view, method.upper())
        for view in views
        if view.schema
        for method in ("get", "post", "put", "patch", "delete")
        if hasattr(view, method)
    }
    assert handled == {(view, method) for view in views for method in view.operations}


def test_every_refusal_is_a_problem(told: dict[str, Any]) -> None:
    for path, method, one in operations(told):
        for status, answer in one["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (path, method, status)
        assert {"429", "503"} <= one["responses"].keys()


def test_it_is_served_to_everybody(db: None, told: dict[str, Any]) -> None:
    answer = Script().get("openapi.json")
    assert json.loads(answer.content) == told


def test_everything_that_is_sent_or_answered_has_an_example_that_fits(told: dict[str, Any]) -> None:
    for path, method, one in operations(told):
        for media in _bodies(one):
            if "$ref" not in media["schema"]:
                continue
            assert "example" in media, (path, method)
            Draft202012Validator({**media["schema"], "components": told["components"]}).validate(media["example"])


def _bodies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    told = [operation.get("requestBody", {}), *operation["responses"].values()]
    return [media for one in told for media in one.get("content", {}).values()]


def test_the_page_to_read_it_names_every_address_shape_and_problem(client: Client, told: dict[str, Any]) -> None:
    page = client.get("/api/v1/reference/").content.decode()
    for path, _, one in operations(told):
        assert path in page
        assert f'id="{one["operationId"]}"' in page
    links = set(re.findall(r'href="#([^"]+)"', page)) - {"main"}
    targets = set(re.findall(r'id="([^"]+)"', page))
    assert links <= targets
    assert {f"problem-{problem.name}" for problem in PROBLEMS} <= targets
    assert "<style" not in page
    assert "<script>" not in page
