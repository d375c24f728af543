"""A tiny world for the GPU side: a model, an SAE that `saeserve train` made for it, and a corpus."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from saeserve.contract import MiningRequest
from saeserve.corpus_import import import_corpus
from saeserve.fit import Fit, load_fit
from saeserve.language_model import LanguageModel, load_language_model
from saeserve.loaded import Loaded
from saeserve.mining.open_run import Worker
from saeserve.train.plan import TrainPlan
from saeserve.train.recipe import Recipe
from saeserve.train.run import train_saes
from tests.unit.saeserve import tiny


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """The models are so small that a second thread only waits."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _one_thread_again() -> Iterator[None]:
    """Commands that run in this process set their own number, and sums of more threads differ in the last bit."""
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def model(model_folder: Path) -> LanguageModel:
    return load_language_model(model_folder, dtype="float32")


@pytest.fixture(scope="session")
def corpus_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_jsonl(tmp_path_factory.mktemp("corpus") / "notes.jsonl", tiny.documents(64))


@pytest.fixture(scope="session")
def plan(model_folder: Path, corpus_file: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainPlan:
    folder = tmp_path_factory.mktemp("trained")
    return TrainPlan(
        model=model_folder,
        hook_points=(tiny.HOOK_POINT,),
        corpus=corpus_file,
        into=folder / "sae",
        cache=folder / "cache",
        recipe=Recipe(width=256, k=3, epochs=10, batch=256),
        train_tokens=4_000,
        held_out_tokens=1_500,
        context_tokens=60,
        dtype="float32",
        data_note="made-up notes",
    )


@pytest.fixture(scope="session")
def sae_folder(plan: TrainPlan) -> Path:
    train_saes(plan, command="python -m saeserve train", say=lambda line: None)
    return plan.into


@pytest.fixture(scope="session")
def other_sae_folder(plan: TrainPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A narrower SAE of the block after."""
    folder = tmp_path_factory.mktemp("trained")
    other = dataclasses.replace(
        plan,
        hook_points=("model.layers.2",),
        into=folder / "sae",
        cache=folder / "cache",
        recipe=Recipe(width=128, k=4, epochs=10, batch=256),
    )
    train_saes(other, command="python -m saeserve train", say=lambda line: None)
    return other.into


@pytest.fixture(scope="session")
def worker_in() -> Callable[[Path], Worker]:
    """A worker without a broker, for one artifact root."""
    return lambda root: Worker(root, Loaded(root))


@pytest.fixture(scope="session")
def fit(model_folder: Path, sae_folder: Path) -> Fit:
    return load_fit(model_folder, sae_folder, dtype="float32", device="cpu")


@pytest.fixture(scope="session")
def request_for(model_folder: Path, sae_folder: Path, corpus_file: Path) -> Callable[..., MiningRequest]:
    """Imports the corpus into a root and returns a request for it."""

    def make(root: Path, *, corpus: Path = corpus_file, **changes: object) -> MiningRequest:
        request = MiningRequest(
            model=str(model_folder),
            sae=str(sae_folder),
            corpus_digest=import_corpus(corpus, root),
            context_tokens=60,
            dtype="float32",
            top=5,
            foils=3,
            held_out=4,
            overlap_tokens=8,
            shard_tokens=4_096,
        )
        return dataclasses.replace(request, **changes)

    return make
