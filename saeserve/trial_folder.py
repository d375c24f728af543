"""A text to be tried and its answer as they lie under the artifact root: encrypted, and not for long."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from saeserve.artifacts import write_atomically
from saeserve.contract import ANSWER_FILE, TEXT_FILE, TRIAL_SECONDS, Failure, TrialAnswer
from saeserve.refusal import Refusal

TRIALS = "trials"
HANDLE = re.compile(r"[0-9a-f]{16,128}")


class BadHandle(Refusal):
    """The handle names no folder of a trial."""


class NoText(Refusal):
    """There is no text that can be read."""


@dataclass(frozen=True)
class TrialFolder:
    """The folder of one trial. No sentence raised here, and no traceback, holds anything of the text."""

    path: Path
    fernet: Fernet

    @classmethod
    def of(cls, root: Path, handle: str, *, key: str) -> "TrialFolder":
        """Raises BadHandle where the handle is not random hex, which might be a path."""
        if not HANDLE.fullmatch(handle):
            raise BadHandle("The handle of a trial is 16 to 128 hex digits; send the text anew.")
        return cls(root / TRIALS / handle, Fernet(key))

    def text(self, *, now: float) -> str:
        """Raises NoText where it is missing, older than TRIAL_SECONDS, or encrypted with another key."""
        try:
            token = (self.path / TEXT_FILE).read_bytes()
            plain = self.fernet.decrypt(token)
            age = now - self.fernet.extract_timestamp(token)
        except OSError:
            raise NoText("The text is not there any more; paste it again.") from None
        except InvalidToken:
            raise NoText(
                "The text cannot be decrypted; give the web side and the GPU workers the same ARTIFACT_KEY and paste "
                "it again."
            ) from None
        if age > TRIAL_SECONDS:
            raise NoText(f"The text has waited longer than {TRIAL_SECONDS // 60} minutes; paste it again.")
        try:
            return plain.decode("utf-8")
        except UnicodeDecodeError:
            raise NoText("The text is not UTF-8; paste it again as plain text.") from None

    @property
    def answered(self) -> bool:
        return (self.path / ANSWER_FILE).is_file()

    def answer(self, found: TrialAnswer | Failure, *, now: float) -> None:
        """Encrypt and write, unless the folder has been swept meanwhile. A Failure is told by its `sentence`."""
        if not self.path.is_dir():
            return
        record = json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False)
        token = self.fernet.encrypt_at_time(record.encode(), int(now))
        write_atomically(self.path / ANSWER_FILE, lambda aside: _write(aside, token))


def sweep_trials(root: Path, *, now: float) -> int:
    """Delete every trial whose text was left longer ago than TRIAL_SECONDS. Returns how many."""
    folder, swept = root / TRIALS, 0
    for trial in sorted(folder.iterdir()) if folder.is_dir() else ():
        if now - _left_at(trial) > TRIAL_SECONDS:
            shutil.rmtree(trial, ignore_errors=True)
            swept += 1
    return swept


def _left_at(trial: Path) -> float:
    """Seconds since the epoch; an answer makes a trial no younger, and one that has just been deleted is left alone."""
    for path in (trial / TEXT_FILE, trial):
        try:
            return path.stat().st_mtime
        except OSError:
            continue
    return float("inf")


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
