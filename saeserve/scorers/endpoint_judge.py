"""An instruction model that the institution hosts behind an OpenAI-compatible address. Off unless the operator sets it.

Snippets go to that host and nowhere else, over TLS unless it is this machine; redirections and proxies are not
followed. One token is asked for, with the log probabilities of its likeliest alternatives; a server that gives none, or
refuses to be asked for them, answers with its word alone.
"""

import http.client
import json
import math
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

from saeserve.refusal import Refusal

LOOPBACK = ("127.0.0.1", "::1", "localhost")
SECONDS = 60.0
ATTEMPTS = 3
PAUSE = 1.0
"""Seconds before the second attempt; twice as long before each further one."""
ALTERNATIVES = 20
MOST_BYTES = 1_000_000
"""Of a reply that should have a few thousand."""
LEAST = -20.0
"""Log probability of a word that is not among the alternatives."""
CERTAIN = 10.0
"""Log odds of a word that comes without probabilities."""


class BadEndpoint(Refusal):
    """The address cannot be used, or does not answer as it should."""


class EndpointDown(BadEndpoint):
    """The host does not answer now."""

    retry_helps = True


class NotLikeThat(BadEndpoint):
    """The host does not know what it is asked for: the model, or log probabilities."""


ODDS = {"logprobs": True, "top_logprobs": ALTERNATIVES}


class EndpointJudge:
    """Chat completions of one token."""

    def __init__(self, address: str, name: str, *, key: str = "", plain_http: bool = False) -> None:
        """address: up to and with /v1; name: of the model there; key: sent as a bearer token; plain_http: whether a
        host other than this machine may be reached without TLS. Raises BadEndpoint."""
        parts = _parts(address)
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not plain_http:
            raise BadEndpoint(
                f"SAESERVE_JUDGE_URL would send snippets to {parts.hostname} without encryption. Use https, or set "
                "SAESERVE_JUDGE_PLAIN_HTTP=1 where the network itself is protected."
            )
        self._parts, self._name, self._key, self._gives_odds = parts, name, key, True

    @property
    def host(self) -> str:
        """Where text goes."""
        return str(self._parts.hostname)

    @property
    def model(self) -> str:
        return f"{self._name} at {self.host}"

    def log_odds(self, prompts: Sequence[str]) -> list[float]:
        """Raises EndpointDown after ATTEMPTS, BadEndpoint where the answer is no chat completion."""
        return [self._odds(prompt) for prompt in prompts]

    def _odds(self, prompt: str) -> float:
        question = {
            "model": self._name,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": 1,
            "temperature": 0,
            "seed": 0,
        }
        try:
            answer = self._post(question | ODDS if self._gives_odds else question)
        except NotLikeThat:
            if not self._gives_odds:
                raise
            answer = self._post(question)
            self._gives_odds = False  # of the whole server, now that it has answered without
        try:
            return odds_of(answer["choices"][0])
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise BadEndpoint(
                f"{self.host} answers with something other than a chat completion; check SAESERVE_JUDGE_URL "
                "and SAESERVE_JUDGE_NAME."
            ) from error

    def _post(self, question: Mapping[str, Any]) -> dict[str, Any]:
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE * 2 ** (attempt - 1))
            try:
                status, body = self._exchange(json.dumps(question))
            except ssl.SSLCertVerificationError as error:
                raise BadEndpoint(
                    f"The certificate of {self.host} is not trusted here ({error.verify_message}); install the "
                    "institution's authority on the GPU workers, or correct SAESERVE_JUDGE_URL."
                ) from error
            except (OSError, http.client.HTTPException):
                continue
            if status == 200:
                return self._read(body)
            if status in (400, 422):
                raise NotLikeThat(f"{self.host} does not take the question ({status}); check SAESERVE_JUDGE_NAME.")
            if status < 500 and status != 429:
                raise BadEndpoint(
                    f"{self.host} refused the question ({status}); check SAESERVE_JUDGE_URL, SAESERVE_JUDGE_NAME and "
                    "SAESERVE_JUDGE_KEY."
                )
        raise EndpointDown(f"{self.host} does not answer; ask whoever runs it, then ask for scores again.")

    def _read(self, body: bytes) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(body)
        except ValueError as error:
            raise BadEndpoint(
                f"{self.host} answers with something other than JSON; check SAESERVE_JUDGE_URL."
            ) from error
        return answer

    def _exchange(self, body: str) -> tuple[int, bytes]:
        connection = self._connection()
        try:
            headers = {"Content-Type": "application/json"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            connection.request("POST", f"{self._parts.path.rstrip('/')}/chat/completions", body.encode(), headers)
            reply = connection.getresponse()
            return reply.status, reply.read(MOST_BYTES)
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self.host, self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=ssl.create_default_context())


def _parts(address: str) -> SplitResult:
    """Raises BadEndpoint."""
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets or a port that are none
        good = None
    if not good or parts.username or parts.query:
        raise BadEndpoint("SAESERVE_JUDGE_URL is no address such as https://models.hospital.example/v1; mend it.")
    return parts


def odds_of(choice: Mapping[str, Any]) -> float:
    """Log odds of yes over no in one choice of a chat completion."""
    content = (choice.get("logprobs") or {}).get("content") or []
    if not content:
        word = _plain(choice["message"]["content"] or "")
        return CERTAIN if word.startswith("y") else -CERTAIN if word.startswith("n") else 0.0
    found = {"yes": LEAST, "no": LEAST}
    for one in content[0]["top_logprobs"]:
        word = _plain(one["token"])
        if word in found:
            found[word] = _added(found[word], float(one["logprob"]))
    return found["yes"] - found["no"]


def _plain(word: str) -> str:
    return word.strip().strip(".,\"'").lower()


def _added(first: float, second: float) -> float:
    """log(exp(first) + exp(second))"""
    high, low = max(first, second), min(first, second)
    return high + math.log1p(math.exp(low - high))
