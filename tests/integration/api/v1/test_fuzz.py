"""Requests made from the description, sent by everybody: every answer keeps what the description promises."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from tests.api_fuzz import Fuzzed, fuzz
from tests.api_fuzz_world import FOREIGN, right_bodies, scripts
from tests.api_world import ApiWorld, at_work
from tests.world import World

MOST = 0.9
"""Of the operations are carried out; a round is open and the run is done, so that two never are."""


@pytest.fixture
def api(world: World) -> Iterator[ApiWorld]:
    with override_settings(API_READS_PER_MINUTE=10**6, API_WRITES_PER_MINUTE=10**6):
        yield at_work(world)


def asked(api: ApiWorld, cases: int) -> Fuzzed:
    found = fuzz(scripts(api), api.facts, right_bodies(api), study="hearts", foreign=FOREIGN, cases=cases)
    assert found.asked >= cases
    assert found.wrong == []
    return found


def test_a_few_requests_of_each_kind_are_answered_as_described(api: ApiWorld) -> None:
    asked(api, 120)


@pytest.mark.walks
def test_a_thousand_requests_are_answered_as_described(api: ApiWorld) -> None:
    found = asked(api, 1000)
    assert found.callers == scripts(api).keys()
    assert len(found.succeeded) >= MOST * len(found.possible)
