"""A download that was cut off goes on where it was, and never joins two versions of a file."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.releasing import request_release, write_release
from annotation.models import User
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fetch(world: World, signed_in: SignIn) -> Callable[..., Any]:
    rate_next(world.study, world.ada)
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW)
    client = signed_in(world.rosa)

    def get(name: str = "ratings.csv", **headers: str) -> Any:
        return client.get(reverse("release_file", args=["hearts", 1, name]), headers=headers)

    return get


def body(response: Any) -> bytes:
    content = b"".join(response.streaming_content) if response.streaming else bytes(response.content)
    response.close()
    return content


def test_the_parts_make_the_whole(fetch: Callable[..., Any]) -> None:
    whole = fetch()
    content, etag = body(whole), whole["ETag"]
    assert whole["Accept-Ranges"] == "bytes"
    first, rest = fetch(Range="bytes=0-99"), fetch(Range="bytes=100-", **{"If-Range": etag})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first["Content-Range"] == f"bytes 0-99/{len(content)}"
    assert body(first) + body(rest) == content
    assert body(fetch(Range="bytes=-10")) == content[-10:]
    assert body(fetch(Range=f"bytes=0-{len(content) * 2}")) == content


def test_another_version_of_the_file_comes_whole(fetch: Callable[..., Any]) -> None:
    answer = fetch(Range="bytes=100-", **{"If-Range": '"another"'})
    assert answer.status_code == 200
    assert body(answer) == body(fetch())


@pytest.mark.parametrize("range_", ["bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "lines=0-9", "bytes=a-b"])
def test_what_is_no_range_gets_the_whole(fetch: Callable[..., Any], range_: str) -> None:
    answer = fetch(Range=range_)
    assert answer.status_code == 200
    assert body(answer) == body(fetch())


@pytest.mark.parametrize("range_", ["bytes=99999999-", "bytes=-0", f"bytes={'9' * 40}-"])
def test_what_lies_behind_the_end_is_refused_with_the_size(fetch: Callable[..., Any], range_: str) -> None:
    answer = fetch(Range=range_)
    assert answer.status_code == 416
    assert answer["Content-Range"].startswith("bytes */")


def test_the_list_of_checksums_and_the_card_can_be_fetched(fetch: Callable[..., Any]) -> None:
    sums = fetch("SHA256SUMS")
    assert len(sums["ETag"]) == 66
    assert b"README.md" in body(sums)
    assert body(fetch("README.md")).startswith(b"---\npretty_name:")
