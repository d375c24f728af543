"""Where a webhook may point, how what it is told is signed, and when it is told again.

Signatures follow Standard Webhooks (https://www.standardwebhooks.com), so that receivers check them with any of its
libraries: HMAC-SHA256 over id, time and body, in the header `webhook-signature`.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from annotation.rules.refusal import Refused

PREFIX = "whsec_"
KEY_BYTES = 32
LONGEST = 500
PORTS = {"https": 443, "http": 80}
AGAIN = tuple(timedelta(seconds=seconds) for seconds in (5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000))
"""After the first attempt, the second, and so on: about two days in all. Then it has failed."""


def host_of(url: str) -> str:
    """The machine that a URL points to, as WebhookHost.name writes it. Raises Refused for what is no web address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(f"“{url[:80]}” is no web address.") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise Refused("Write the whole address, such as https://hooks.hospital.example/consilium.")
    if parts.username or parts.password:
        raise Refused("Leave name and password out of the address: requests are signed instead.")
    if parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise Refused("The address may hold no blanks, no “#” and no letters beyond ASCII.")
    name = parts.hostname.lower().rstrip(".")
    name = f"[{name}]" if ":" in name else name
    return name if port in (None, PORTS[parts.scheme]) else f"{name}:{port}"


def check_address(url: str, allowed: Mapping[str, bool]) -> None:
    """Raises Refused unless the URL's host is allowed. `allowed`: by host, whether `http` without TLS is."""
    if len(url) > LONGEST:
        raise Refused(f"The address is longer than {LONGEST} characters.")
    name = host_of(url)
    if name not in allowed:
        raise Refused(
            f"{name} is not among the hosts that an administrator allowed. Ask for it: only those are ever told."
        )
    if urlsplit(url).scheme == "http" and not allowed[name]:
        raise Refused(f"{name} is allowed with https only.")


def signature(secret: str, *, message: str, seconds: int, body: bytes) -> str:
    """The header `webhook-signature` of one attempt. `secret` as shown to the researcher, with its prefix."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def wait_after(attempts: int) -> timedelta | None:
    """How long until the next attempt, after so many; None after the last."""
    return AGAIN[attempts - 1] if attempts <= len(AGAIN) else None
