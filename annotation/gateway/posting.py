"""Posts JSON to an address outside: the only request that the web side ever makes to another machine."""

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 10
READ_BYTES = 1024
"""Of an answer, which is not looked at: enough to be polite."""


@dataclass(frozen=True)
class Posted:
    """What came of it: an HTTP status, or a reason why there is none."""

    status: int
    """0 where no answer came."""
    reason: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
    """Redirects are not followed: they would lead where nobody allowed anything."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.request("POST", path, body=body, headers={**headers, "Connection": "close"})
        answer = connection.getresponse()
        answer.read(READ_BYTES)
    except ssl.SSLCertVerificationError:
        return Posted(0, "its certificate is not to be trusted")
    except TimeoutError:
        return Posted(0, f"no answer within {SECONDS} s")
    except (OSError, http.client.HTTPException) as error:
        return Posted(0, f"no connection ({type(error).__name__})")
    finally:
        connection.close()
    return Posted(answer.status, "" if 200 <= answer.status < 300 else f"it answered {answer.status}")


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=SECONDS)
