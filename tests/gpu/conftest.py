"""Tests that need CUDA. On a machine without it they are skipped, and say so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.mining_inputs import reference_model, request, write_notes
from saeserve.contract import MiningRequest
from saeserve.language_model import load_language_model
from tests.unit.saeserve.conftest import (  # noqa: F401 - fixtures
    corpus_file,
    model,
    model_folder,
    plan,
    request_for,
    sae_folder,
)


@pytest.fixture
def reference_request() -> Callable[[Path], MiningRequest]:
    """A request to mine the demo notes with the reference model and a shipped SAE."""

    def make(root: Path) -> MiningRequest:
        tokenizer_of = load_language_model(reference_model(), dtype="bfloat16")
        write_notes(root / "notes.jsonl", tokenizer_of, 50_000)
        return request(root, root / "notes.jsonl")

    return make
