"""A corpus on its way to the GPU side."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from annotation.gateway.files import write_aside


def write_documents(root: Path, corpus_digest: str, documents: Iterable[dict[str, Any]]) -> Path:
    """Write `corpora/<digest>/documents.jsonl`, fields DOCUMENT_FIELDS, one document a line."""
    target = root / "corpora" / corpus_digest / "documents.jsonl"
    write_aside(target, (f"{json.dumps(document, ensure_ascii=False)}\n".encode() for document in documents))
    return target


def documents_are_there(root: Path, corpus_digest: str) -> bool:
    return (root / "corpora" / corpus_digest).is_dir()


def forget_documents(root: Path, corpus_digest: str) -> None:
    """Delete the artifact of a corpus that nothing in the database knows."""
    shutil.rmtree(root / "corpora" / corpus_digest, ignore_errors=True)
