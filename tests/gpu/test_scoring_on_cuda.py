"""Scores of a GPU are those of a CPU, but for rounding."""

from pathlib import Path

import numpy as np
import pytest
import torch

from saeserve.language_model import load_language_model
from saeserve.scorers.base import Question, Scorer, Shown
from saeserve.scorers.embedding import EmbeddingScorer
from saeserve.scorers.judge import JudgeScorer
from saeserve.scorers.local_judge import LocalJudge
from saeserve.scorers.sentences import Sentences
from saeserve.sentence_model import prepare_sentence_model
from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]
TEXTS = ("Chest pain at rest, relieved by nitroglycerin.", "The cast was taken off.", "Pressure behind the sternum.")
ASKED = Question("chest pain", "They complain of pain in the chest.", tuple(map(Shown, TEXTS)))


def numbers(scorer: Scorer) -> np.ndarray:
    return scorer.detection([ASKED])[0]


def test_a_judge_gives_the_same_odds_on_both(model_folder: Path) -> None:
    here, there = (
        numbers(JudgeScorer(LocalJudge(load_language_model(model_folder, dtype="float32", device=device))))
        for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(here, there, atol=1e-3)


@pytest.mark.model
def test_sentences_lie_as_near_on_both() -> None:
    folder = prepare_sentence_model(REPOSITORY / "var" / "models", say=lambda line: None)
    here, there = (numbers(EmbeddingScorer(Sentences(folder, device=device))) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(here, there, atol=1e-3)
