"""Where a webhook may point, and how what it is told is signed."""

import base64
import hashlib

import pytest

from annotation.rules.refusal import Refused
from annotation.rules.webhooks import AGAIN, PREFIX, check_address, host_of, signature, wait_after

ALLOWED = {"hooks.hospital.example": False, "10.1.2.3:8080": True, "[2001:db8::1]": False}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Hooks.Hospital.example/consilium?a=1", "hooks.hospital.example"),
        ("https://hooks.hospital.example:443/", "hooks.hospital.example"),
        ("http://10.1.2.3:8080/x", "10.1.2.3:8080"),
        ("https://[2001:DB8::1]/x", "[2001:db8::1]"),
        ("https://hooks.hospital.example./", "hooks.hospital.example"),
    ],
)
def test_an_allowed_host_is_known_however_it_is_written(url: str, host: str) -> None:
    assert host_of(url) == host
    check_address(url, ALLOWED)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://elsewhere.example/", "not among the hosts"),
        ("https://hooks.hospital.example:8443/", "not among the hosts"),
        ("https://hooks.hospital.example.evil.example/", "not among the hosts"),
        ("https://hooks.hospital.example@evil.example/", "Leave name and password out"),
        ("http://hooks.hospital.example/", "with https only"),
        ("file:///etc/passwd", "Write the whole address"),
        ("gopher://hooks.hospital.example/", "Write the whole address"),
        ("hooks.hospital.example", "Write the whole address"),
        ("https://hooks.hospital.example:x/", "is no web address"),
        ("https://[::1/", "is no web address"),
        ("https://hooks.hospital.example/ x", "no blanks"),
        ("https://hooks.hospital.example/\r\nHost: evil", "no blanks"),
        ("https://hooks.hospital.example/#a", "no blanks"),
        ("https://hooks.hospital.example/é", "beyond ASCII"),
        ("https://hooks.hospital.example/" + "x" * 500, "longer than 500"),
        ("", "Write the whole address"),
    ],
)
def test_any_other_address_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check_address(url, ALLOWED)


def test_a_signature_is_hmac_sha256_over_id_time_and_body() -> None:
    """By RFC 2104, written out."""
    key = bytes(range(32))
    inner = bytes(byte ^ 0x36 for byte in key.ljust(64, b"\0"))
    outer = bytes(byte ^ 0x5C for byte in key.ljust(64, b"\0"))
    digest = hashlib.sha256(outer + hashlib.sha256(inner + b'msg_7.1614265330.{"a":1}').digest()).digest()
    made = signature(PREFIX + base64.b64encode(key).decode(), message="msg_7", seconds=1614265330, body=b'{"a":1}')
    assert made == "v1," + base64.b64encode(digest).decode()


def test_attempts_come_later_and_later_and_end() -> None:
    waits = [wait_after(attempts) for attempts in range(1, len(AGAIN) + 1)]
    assert waits == sorted(wait for wait in waits if wait is not None)
    assert wait_after(len(AGAIN) + 1) is None
