"""A text on its way to be tried, and the answer on its way back: encrypted, under a handle, and soon deleted."""

import json
import math
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from annotation.gateway.files import write_aside
from saeserve import contract
from saeserve.contract import Failure, TrialAnswer, UnknownVersion


def write_text(root: Path, handle: str, text: str, *, key: str) -> None:
    """Leave the text, encrypted, for the GPU side. `key`: a Fernet key that both sides have."""
    write_aside(_trial(root, handle) / contract.TEXT_FILE, [Fernet(key).encrypt(text.encode())])


def read_text(root: Path, handle: str, *, key: str) -> str | None:
    """The text that was left under the handle; None where it is gone."""
    plain = _decrypted(_trial(root, handle) / contract.TEXT_FILE, key)
    return None if plain is None else plain.decode()


def read_answer(root: Path, handle: str, *, key: str) -> TrialAnswer | Failure | None:
    """What fires on the text, or why that cannot be said; None while there is no answer."""
    plain = _decrypted(_trial(root, handle) / contract.ANSWER_FILE, key)
    if plain is None:
        return None
    try:
        record = json.loads(plain)
        return Failure.from_dict(record) if "sentence" in record else TrialAnswer.from_dict(record)
    except (UnknownVersion, TypeError, ValueError) as error:
        return Failure(sentence=f"What the worker answered cannot be read. {error}")


def forget_trial(root: Path, handle: str) -> None:
    """Delete text and answer."""
    shutil.rmtree(_trial(root, handle), ignore_errors=True)


def old_trials(root: Path, *, now: datetime) -> Iterator[str]:
    """Handles whose time is up."""
    folder = root / "trials"
    for trial in folder.iterdir() if folder.is_dir() else ():
        if now.timestamp() - _left_at(trial) > contract.TRIAL_SECONDS:
            yield trial.name


def _left_at(trial: Path) -> float:
    """When the text was left, in seconds since the epoch; an answer does not make it younger. What the other side has
    just deleted is as young as can be."""
    for path in (trial / contract.TEXT_FILE, trial):
        try:
            return path.stat().st_mtime
        except OSError:
            continue
    return math.inf


def _decrypted(path: Path, key: str) -> bytes | None:
    """None where the file is gone, or was encrypted by another key: to the reader that is the same."""
    try:
        return Fernet(key).decrypt(path.read_bytes())
    except (FileNotFoundError, InvalidToken):
        return None


def _trial(root: Path, handle: str) -> Path:
    return root / "trials" / handle
