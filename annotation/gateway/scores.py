"""Rationales on their way to an automatic scorer, and what it says of them on its way back.

The question holds text and is encrypted; it is deleted once its answer has been taken in. The answer holds none.
"""

import json
import shutil
from pathlib import Path

from cryptography.fernet import Fernet

from annotation.gateway.files import write_aside
from saeserve import contract
from saeserve.contract import Failure, ScoreAnswer, ScoreRequest, UnknownVersion


def write_score_request(root: Path, request: ScoreRequest, *, key: str) -> str:
    """Leave the question, encrypted, for the GPU side. Returns its digest. `key`: a Fernet key that both sides have.

    An answer that lies there already is left alone: it answers this question.
    """
    record = json.dumps(request.to_dict(), ensure_ascii=False, allow_nan=False)
    write_aside(_folder(root, request.digest) / contract.QUESTION_FILE, [Fernet(key).encrypt(record.encode())])
    return request.digest


def score_question_is_there(root: Path, digest: str) -> bool:
    return (_folder(root, digest) / contract.QUESTION_FILE).is_file()


def score_answer_is_there(root: Path, digest: str) -> bool:
    return (_folder(root, digest) / contract.SCORES_FILE).is_file()


def read_score_answer(root: Path, digest: str) -> ScoreAnswer | Failure | None:
    """What the scorer says, or why it says nothing; None while there is no answer."""
    try:
        record = json.loads((_folder(root, digest) / contract.SCORES_FILE).read_bytes())
        return Failure.from_dict(record) if "sentence" in record else ScoreAnswer.from_dict(record)
    except FileNotFoundError:
        return None
    except (UnknownVersion, TypeError, ValueError) as error:
        return Failure(sentence=f"What the scorer answered cannot be read. {error}")


def forget_scores(root: Path, digest: str) -> None:
    """Delete question and answer."""
    shutil.rmtree(_folder(root, digest), ignore_errors=True)


def _folder(root: Path, digest: str) -> Path:
    return root / "scores" / digest
