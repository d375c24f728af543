"""What the worker must be told by its environment: one typed place."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from saeserve.refusal import Refusal

NEW_KEY = (
    "the key that the web side has too, made once by "
    "python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
)
DEVICES = ("auto", "cpu", "cuda")


class MissingSetting(Refusal):
    """The worker cannot start."""


@dataclass(frozen=True)
class JudgeSettings:
    """Which instruction model judges rationales; none unless the operator says so."""

    model: str = ""
    """SAESERVE_JUDGE: folder of an instruction model in transformers format."""
    url: str = ""
    """SAESERVE_JUDGE_URL: an OpenAI-compatible address of the institution's own, to which snippets are then sent."""
    name: str = ""
    """SAESERVE_JUDGE_NAME: of the model at that address."""
    key: str = field(default="", repr=False)
    """SAESERVE_JUDGE_KEY: sent as a bearer token."""
    plain_http: bool = False
    """SAESERVE_JUDGE_PLAIN_HTTP=1: that address may be plain http."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "JudgeSettings":
        """Raises MissingSetting where two judges are named, or an address without the name of its model."""
        found = cls(
            model=environment.get("SAESERVE_JUDGE", ""),
            url=environment.get("SAESERVE_JUDGE_URL", ""),
            name=environment.get("SAESERVE_JUDGE_NAME", ""),
            key=environment.get("SAESERVE_JUDGE_KEY", ""),
            plain_http=environment.get("SAESERVE_JUDGE_PLAIN_HTTP", "") == "1",
        )
        if found.model and found.url:
            raise MissingSetting("SAESERVE_JUDGE and SAESERVE_JUDGE_URL are both set; leave one of them out.")
        if found.url and not found.name:
            raise MissingSetting("SAESERVE_JUDGE_NAME is not set; set it to the model's name at SAESERVE_JUDGE_URL.")
        return found


@dataclass(frozen=True)
class Settings:
    """Read once at start."""

    artifact_root: Path
    """ARTIFACT_ROOT: the folder or volume shared with the web side."""
    redis_url: str
    """REDIS_URL: the broker."""
    artifact_key: str = field(repr=False)
    """ARTIFACT_KEY: the Fernet key shared with the web side, for texts to be tried."""
    threads: int
    """SAESERVE_THREADS: CPU threads of a forward pass; by default all cores."""
    device: str
    """SAESERVE_DEVICE: cpu, cuda, or auto (cuda where there is one)."""
    sentence_model: Path = Path("all-minilm-l6-v2")
    """SAESERVE_SENTENCE_MODEL: folder of the scorer's model; by default models/all-minilm-l6-v2 in the root."""
    judge: JudgeSettings = JudgeSettings()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises MissingSetting with the sentence that says what to set."""
        root = Path(_required(environment, "ARTIFACT_ROOT", "the folder shared with the web side"))
        if not root.is_dir():
            raise MissingSetting(f"ARTIFACT_ROOT is {root}, which is no folder; create it or set ARTIFACT_ROOT to one.")
        return cls(
            artifact_root=root,
            redis_url=_required(
                environment, "REDIS_URL", "the broker's address, such as redis://:password@host:6379/0"
            ),
            artifact_key=_fernet_key(environment, "ARTIFACT_KEY"),
            threads=_threads(environment.get("SAESERVE_THREADS", "")),
            device=_device(environment.get("SAESERVE_DEVICE", "auto")),
            sentence_model=Path(environment.get("SAESERVE_SENTENCE_MODEL") or root / "models" / "all-minilm-l6-v2"),
            judge=JudgeSettings.from_environment(environment),
        )


def _required(environment: Mapping[str, str], name: str, meaning: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise MissingSetting(f"{name} is not set; set it to {meaning}.")
    return value


def _fernet_key(environment: Mapping[str, str], name: str) -> str:
    """32 bytes in URL-safe base64. The value itself is in no sentence."""
    value = _required(environment, name, NEW_KEY)
    try:
        length = len(base64.b64decode(value, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if length != 32:
        raise MissingSetting(f"{name} is no Fernet key; set it to {NEW_KEY}.")
    return value


def _threads(value: str) -> int:
    if not value:
        return os.cpu_count() or 1
    if not value.isdigit() or int(value) < 1:
        raise MissingSetting(f"SAESERVE_THREADS is {value!r}; set it to a whole number above 0, or leave it out.")
    return int(value)


def _device(value: str) -> str:
    if value not in DEVICES:
        raise MissingSetting(f"SAESERVE_DEVICE is {value!r}; set it to one of {', '.join(DEVICES)}, or leave it out.")
    return value
