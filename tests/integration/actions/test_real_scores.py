"""The whole way, with the real sentence model: from a rating to a stored score that the statistics take."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from annotation.actions import asking_scores
from annotation.actions.asking_scores import ask_for_scores
from annotation.actions.taking_in_scores import note_scores_ended
from annotation.enums import ScoreTask, SnippetKind
from annotation.models import Document, IntruderScore, Latent, Rating, RationaleScore, Snippet
from annotation.queries.judge_figures import judge_figures
from annotation.queries.learnability_scores import learnability_scores
from annotation.science.types import Undefined
from saeserve.scorers.answering import answer_question
from saeserve.scorers.available import Available
from saeserve.sentence_model import prepare_sentence_model
from saeserve.settings import JudgeSettings
from tests.conftest import REPOSITORY
from tests.world import NOW, World, rate_next

CHEST = (
    "Crushing chest pain since the morning, going to the left arm.",
    "Pressure behind the sternum on climbing the stairs.",
    "Chest pain at rest, relieved by nitroglycerin.",
    "Woke at night with tightness of the chest and sweating.",
    "Retrosternal pain on exertion for two weeks.",
    "He holds his chest; the pain came on while shovelling snow.",
    "Angina, now with chest pain after a few steps.",
    "Burning chest pain, troponin was drawn.",
    "Chest discomfort with shortness of breath on walking.",
    "Recurrent chest pain, ECG unchanged.",
)
OTHER = (
    "The cast on the wrist was taken off.",
    "Cataract surgery of the right eye is planned.",
    "A scaling rash on both elbows.",
    "The sutures of the left knee are dry.",
    "She was taught to inject her insulin.",
    "Hearing aid was adjusted.",
    "Wisdom tooth removed under local anaesthesia.",
    "Thyroid nodule, ultrasound in a year.",
    "Ankle sprain while playing football.",
    "Constipation, fibre was advised.",
)


@pytest.fixture(scope="module")
def scorers() -> Available:
    folder = prepare_sentence_model(REPOSITORY / "var" / "models", say=lambda line: None)
    return Available(folder, JudgeSettings(), "cpu", Path)


@pytest.mark.model
def test_from_a_rating_to_a_score_with_the_real_sentence_model(
    world: World, scorers: Available, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    right = rate_next(
        world.study, world.ada, concept="chest pain", rationale="They complain of pain or pressure in the chest."
    )
    assert right is not None
    _held_out(right.latent.latent)
    wrong = _rate_the_same(world, right)
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(asking_scores, "enqueue", lambda name, **ids: sent.append(ids))
    ask_for_scores(study_id=world.study.pk, now=NOW)
    (message,) = sent

    root, key = Path(settings.ARTIFACT_ROOT), settings.ARTIFACT_KEY
    assert answer_question(message["digest"], root=root, key=key, scorer_for=scorers.scorer_for)
    with django_capture_on_commit_callbacks(execute=False):
        note_scores_ended(digest=message["digest"], now=NOW)

    scores = learnability_scores(world.study)
    assert scores[right.pk][0].scorer == "embedding"
    # Three firing and three silent snippets more are the world's own, and speak of neither.
    assert scores[right.pk][0].value >= 0.75
    assert scores[wrong.pk][0].value <= 0.55
    stored = RationaleScore.objects.get(rating=right, task=ScoreTask.DETECTION)
    assert stored.model.startswith("all-minilm-l6-v2 ")
    assert stored.auroc is not None
    assert stored.auroc >= 0.8
    assert len(stored.judgements) == 26
    intruder = IntruderScore.objects.get()
    assert intruder.value is not None
    assert intruder.value >= 0.5, "guessing finds 0.2"
    program = next(one for one in judge_figures(world.study) if one.judge == "embedding")
    assert program.trials == 2
    assert not isinstance(program.all, Undefined)


def _rate_the_same(world: World, first: Rating) -> Rating:
    """Ben, on Ada's latent, sees something else in it."""
    while rating := rate_next(
        world.study, world.ben, concept="cataract", rationale="Diseases of the lens of the eye and their surgery."
    ):
        if rating.latent_id == first.latent_id:
            return rating
    raise AssertionError("Ben was never handed Ada's latent.")


def _held_out(latent: Latent) -> None:
    """Ten notes that speak of the chest and ten that do not, in documents of their own."""
    corpus = latent.run.corpus
    for fires, texts in ((True, CHEST), (False, OTHER)):
        for place, text in enumerate(texts):
            document = Document.objects.create(corpus=corpus, key=f"held-{fires}-{place}", text=text)
            Snippet.objects.create(
                latent=latent,
                document=document,
                kind=SnippetKind.HELD_OUT if fires else SnippetKind.HELD_OUT_RANDOM,
                rank=100 + place,
                decile=place if fires else None,
                start=0,
                end=len(text),
                peak=5.0 if fires else 0.0,
                tokens=[],
            )
