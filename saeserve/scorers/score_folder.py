"""A question to a scorer, encrypted, and its answer, which needs no key, as they lie under the artifact root."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from saeserve.artifacts import write_json
from saeserve.contract import QUESTION_FILE, SCORES_FILE, Failure, ScoreAnswer, ScoreRequest, UnknownVersion
from saeserve.scorers.base import BadQuestion

SCORES = "scores"
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ScoreFolder:
    """The folder of one question. No sentence raised here holds anything of its text."""

    path: Path
    fernet: Fernet

    @classmethod
    def of(cls, root: Path, digest: str, *, key: str) -> "ScoreFolder":
        """Raises BadQuestion where the digest is none, which might be a path."""
        if not DIGEST.fullmatch(digest):
            raise BadQuestion("A question to a scorer is named by 64 hex digits; ask again.")
        return cls(root / SCORES / digest, Fernet(key))

    def question(self) -> ScoreRequest:
        """Raises BadQuestion where it is missing, or was encrypted with another key, or by a newer program."""
        try:
            plain = self.fernet.decrypt((self.path / QUESTION_FILE).read_bytes())
            return ScoreRequest.from_dict(json.loads(plain))
        except OSError:
            raise BadQuestion(
                "The question is not there any more; ask again.",
            ) from None
        except InvalidToken:
            raise BadQuestion(
                "The question cannot be decrypted; give the web side and the GPU workers the same ARTIFACT_KEY and ask "
                "again."
            ) from None
        except (UnknownVersion, TypeError, ValueError) as error:
            kind = str(error) if isinstance(error, UnknownVersion) else type(error).__name__
            raise BadQuestion(f"The question cannot be read ({kind}); update the older of the two sides.") from None

    @property
    def answered(self) -> bool:
        return (self.path / SCORES_FILE).is_file()

    def answer(self, found: ScoreAnswer | Failure) -> None:
        """Write it, unless the question has been withdrawn meanwhile. Raises NoSpace."""
        if self.path.is_dir():
            write_json(self.path / SCORES_FILE, found.to_dict())

    def forget_question(self) -> None:
        """What is answered, well or not, is text that nobody needs here any more."""
        (self.path / QUESTION_FILE).unlink(missing_ok=True)
