"""Whatever makes up the shards, in whatever order they come, however often: the result has the same bytes."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from saeserve.artifacts import file_digest
from saeserve.contract import Manifest, MiningRequest
from saeserve.loaded import Loaded
from saeserve.mining import plan as planning
from saeserve.mining.finish import finish
from saeserve.mining.hand_out import hand_out
from saeserve.mining.mine_shard import ShardWork
from saeserve.mining.open_run import Worker
from saeserve.mining.run import mine
from saeserve.mining.write_results import RESULT_FILES
from tests.unit.saeserve import tiny

DOCUMENTS = 56


@pytest.fixture(scope="module", autouse=True)
def _small_blocks() -> Iterator[None]:
    """Blocks so small that a tiny corpus has a dozen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "BLOCK_DOCUMENTS", 8)
        patch.setattr(planning, "BLOCK_TOKENS", 3_000)
        yield


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return Loaded(tmp_path_factory.mktemp("unused"))


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some patients have several notes, and some notes are nearly the same."""
    chance = random.Random(5)
    records = tiny.documents(DOCUMENTS, seed=3)
    for record in records[: DOCUMENTS // 2]:
        record["patient"] = f"patient-{chance.randrange(12)}"
    copy = {**records[0], "id": "copy"}
    return tiny.write_jsonl(tmp_path_factory.mktemp("notes") / "notes.jsonl", [*records, copy])


@pytest.fixture(scope="module")
def requests(
    request_for: Callable[..., MiningRequest], other_sae_folder: Path, notes: Path
) -> Callable[..., list[MiningRequest]]:
    def make(root: Path, **changes: object) -> list[MiningRequest]:
        return [
            request_for(root, corpus=notes, **changes),
            request_for(root, corpus=notes, sae=str(other_sae_folder), **changes),
        ]

    return make


@pytest.fixture(scope="module")
def alone(
    requests: Callable[..., list[MiningRequest]], loaded: Loaded, tmp_path_factory: pytest.TempPathFactory
) -> list[Manifest]:
    """Each SAE mined by itself, in one shard."""
    root = tmp_path_factory.mktemp("alone")
    return [mine(request, Worker(root, loaded)) for request in requests(root, shard_tokens=10**9)]


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink would mine for minutes
)
@given(data=st.data())
def test_any_shards_in_any_order_alone_or_together_give_the_same_bytes(
    data: st.DataObject,
    alone: list[Manifest],
    requests: Callable[..., list[MiningRequest]],
    loaded: Loaded,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.mktemp("any")
    worker = Worker(root, loaded)
    wanted = requests(root, shard_tokens=data.draw(st.integers(1, 30_000), label="shard tokens"))
    chosen = data.draw(st.sampled_from([wanted, wanted[:1], wanted[1:], wanted[::-1]]), label="runs")
    shards = hand_out(chosen, worker, again=False).shards
    some_twice = data.draw(st.lists(st.sampled_from(shards), max_size=4), label="shards that come twice")
    messages = data.draw(st.permutations(shards + some_twice), label="order")
    complete: set[str] = set()
    for number, digests in messages:
        together = data.draw(st.booleans(), label="together")
        for group in [digests] if together else [[digest] for digest in digests]:
            work = ShardWork(group, number, worker)
            while not work.go_on(lambda: data.draw(st.booleans(), label="somebody waits")):
                pass
            complete.update(work.complete())  # a shard that comes again may say again that the run lacks none
    assert complete == {request.digest for request in chosen}
    for digest in complete:
        run = finish(digest, worker)
        assert run is not None
        assert run.error is None
        assert finish(digest, worker) is None, "a finished run was finished again"
        manifest = run.folder.manifest()
        expected = next(known for known in alone if known.sae_digest == manifest.sae_digest)
        assert manifest.files == expected.files
        assert {name: file_digest(run.folder.path / name) for name in RESULT_FILES} == expected.files
        assert not (run.folder.path / "shards").exists()


def test_the_corpus_of_the_test_has_many_blocks_patients_and_a_duplicate(alone: list[Manifest]) -> None:
    assert {manifest.duplicate_documents for manifest in alone} == {1}
    assert alone[0].files != alone[1].files
    assert alone[0].tokens > 5 * planning.BLOCK_TOKENS
