"""A corpus file brought into an artifact root, for use without the web side."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from saeserve.artifacts import write_atomically
from saeserve.documents import read_documents


def import_corpus(path: Path, root: Path) -> str:
    """Check every document and copy it. Returns the corpus digest; a refused one leaves nothing behind."""
    digest = hashlib.sha256()
    for document in read_documents(path):
        digest.update(_line(asdict(document)))
    name = digest.hexdigest()

    def fill(aside: Path) -> None:
        with aside.open("wb") as file:
            file.writelines(_line(asdict(document)) for document in read_documents(path))

    target = root / "corpora" / name / "documents.jsonl"
    if not target.is_file():
        write_atomically(target, fill)
    return name


def _line(record: dict[str, str]) -> bytes:
    return json.dumps(record, ensure_ascii=False, sort_keys=True).encode() + b"\n"
