"""A run stops between two batches when asked, keeps what is done, and goes on when it is sent again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from saeserve.contract import CANCEL_FILE, MiningRequest, Progress
from saeserve.loaded import Loaded
from saeserve.mining import plan as planning
from saeserve.mining.attempts import MOST, KeepsDying
from saeserve.mining.folders import RunFolder
from saeserve.mining.hand_out import JUST_SENT, hand_out
from saeserve.mining.lock import sole_worker
from saeserve.mining.mine_shard import ShardWork
from saeserve.mining.mined_tokens import note
from saeserve.mining.open_run import SENT_FILE, Cancelled, Worker
from saeserve.mining.plan_files import BadPlan, read_plan
from saeserve.mining.progress import last_progress
from saeserve.mining.run import mine, mine_together
from saeserve.mining.together import NotTogether
from saeserve.mining.unfinished import unfinished_groups, unfinished_requests
from saeserve.refusal import Refusal


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "BLOCK_DOCUMENTS", 8)


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path, Loaded(tmp_path))


def shards_of(requests: list[MiningRequest], worker: Worker) -> list[tuple[int, list[str]]]:
    return hand_out(requests, worker, again=True).shards


def folder_of(request: MiningRequest, worker: Worker) -> RunFolder:
    return RunFolder.of(worker.root, request.digest)


def test_a_cancelled_run_stops_between_two_batches_and_goes_on_later(
    request_for: Callable[..., MiningRequest], worker: Worker
) -> None:
    request = request_for(worker.root, shard_tokens=3_000)
    folder = folder_of(request, worker)
    first, second, *others = shards_of([request], worker)
    ShardWork(first[1], first[0], worker).go_on()
    halted = ShardWork(second[1], second[0], worker)
    assert not halted.go_on(lambda: True)
    (folder.path / CANCEL_FILE).write_text("{}")
    assert halted.go_on()
    assert not halted.failed
    assert folder.done() == {first[0]}
    told = last_progress(folder)
    assert told is not None
    assert told.phase == "cancelled"
    assert 0 < told.done < told.total
    with pytest.raises(Cancelled, match="was cancelled; take"):
        mine(request, worker)
    assert not list(unfinished_requests(worker.root))

    (folder.path / CANCEL_FILE).unlink()
    written = folder.shard(first[0]).stat().st_mtime_ns
    assert [number for number, _ in shards_of([request], worker)] == [second[0], *(number for number, _ in others)]
    assert folder.shard(first[0]).stat().st_mtime_ns == written
    assert mine(request, worker).tokens > 0


def test_cancelling_one_run_of_a_pass_does_not_stop_the_other(
    request_for: Callable[..., MiningRequest], other_sae_folder: Path, worker: Worker
) -> None:
    requests = [request_for(worker.root), request_for(worker.root, sae=str(other_sae_folder))]
    number, digests = shards_of(requests, worker)[0]
    work = ShardWork(digests, number, worker)
    work.go_on(lambda: True)
    (folder_of(requests[0], worker).path / CANCEL_FILE).write_text("{}")
    work.go_on()
    assert folder_of(requests[0], worker).done() == set()
    assert folder_of(requests[1], worker).done() == {number}
    outcomes = mine_together(requests, worker)
    assert isinstance(outcomes[0], Cancelled)
    assert folder_of(requests[1], worker).finished


def test_shards_are_handed_out_once_unless_they_may_be_lost(
    request_for: Callable[..., MiningRequest], worker: Worker
) -> None:
    request = request_for(worker.root)
    sent = folder_of(request, worker).path / SENT_FILE
    assert hand_out([request], worker, again=False).shards
    assert not hand_out([request], worker, again=False).shards
    assert hand_out([request], worker, again=True).shards
    os.utime(sent, (0, sent.stat().st_mtime - JUST_SENT - 1))
    assert hand_out([request], worker, again=False).shards


def test_a_failed_run_is_not_tried_again_by_a_message_that_comes_twice(
    request_for: Callable[..., MiningRequest], worker: Worker
) -> None:
    bad = request_for(worker.root, sae="nowhere")
    failure = folder_of(bad, worker).path / "failure.json"
    assert hand_out([bad], worker, again=True).ended == [bad.digest]
    written = failure.stat().st_mtime_ns
    assert hand_out([bad], worker, again=True).ended == [bad.digest]
    assert failure.stat().st_mtime_ns == written
    failure.unlink()
    assert hand_out([bad], worker, again=False).ended == [bad.digest]
    assert failure.is_file()


def test_a_shard_in_other_hands_is_left_alone_and_a_finished_one_is_not_mined_again(
    request_for: Callable[..., MiningRequest], worker: Worker
) -> None:
    request = request_for(worker.root)
    folder = folder_of(request, worker)
    number, digests = shards_of([request], worker)[0]
    with sole_worker(folder.shard(number).with_suffix(".lock")):
        assert ShardWork(digests, number, worker).go_on()
    assert not folder.done()
    assert ShardWork(digests, number, worker).go_on()
    written = folder.shard(number).stat().st_mtime_ns
    assert ShardWork(digests, number, worker).go_on()
    assert folder.shard(number).stat().st_mtime_ns == written
    assert not folder.shard(number).with_suffix(".lock").exists()


def test_a_worker_that_died_between_the_last_shard_and_saying_so_is_made_up_for(
    request_for: Callable[..., MiningRequest], worker: Worker
) -> None:
    request = request_for(worker.root)
    *others, (number, digests) = shards_of([request], worker)
    for other, of in others:
        work = ShardWork(of, other, worker)
        work.go_on()
        assert work.complete() == []
    ShardWork(digests, number, worker).go_on()
    redelivered = ShardWork(digests, number, worker)
    assert redelivered.go_on()
    assert redelivered.complete() == [request.digest]


def test_a_shard_that_kills_every_worker_fails_the_run_in_a_sentence(
    request_for: Callable[..., MiningRequest], worker: Worker
) -> None:
    request = request_for(worker.root)
    folder = folder_of(request, worker)
    number, digests = shards_of([request], worker)[0]
    folder.shard(number).parent.mkdir()
    folder.shard(number).with_suffix(".attempts").write_text(f'{{"deaths": {MOST}}}')
    work = ShardWork(digests, number, worker)
    assert work.go_on()
    assert isinstance(work.failed[request.digest], KeepsDying)
    assert folder.failed


def test_weights_that_change_half_way_are_noticed(
    request_for: Callable[..., MiningRequest], other_sae_folder: Path, sae_folder: Path, worker: Worker
) -> None:
    place = worker.root / "sae"
    place.symlink_to(sae_folder)
    request = request_for(worker.root, sae=str(place))
    number, digests = shards_of([request], worker)[0]
    place.unlink()
    place.symlink_to(other_sae_folder)
    work = ShardWork(digests, number, worker)
    work.go_on()
    with pytest.raises(Refusal, match="files of the SAE have changed"):
        raise work.failed[request.digest]


def test_only_requests_that_differ_in_their_sae_go_together(
    request_for: Callable[..., MiningRequest], other_sae_folder: Path, worker: Worker
) -> None:
    one, other = request_for(worker.root), request_for(worker.root, sae=str(other_sae_folder))
    odd = request_for(worker.root, seed=5, top=4)
    with pytest.raises(NotTogether, match="differ in seed, top"):
        mine_together([one, other, odd], worker)
    for request in (one, other, odd):
        shards_of([request], worker)
    groups = {tuple(sorted(request.digest for request in group)) for group in unfinished_groups(worker.root)}
    assert groups == {tuple(sorted((one.digest, other.digest))), (odd.digest,)}


def test_progress_counts_all_tokens_of_all_workers(request_for: Callable[..., MiningRequest], tmp_path: Path) -> None:
    watched: list[Progress] = []
    worker = Worker(tmp_path, Loaded(tmp_path), lambda _digest, progress: watched.append(progress))
    request = request_for(tmp_path, shard_tokens=3_000)
    shards = shards_of([request], worker)
    paused = ShardWork(shards[0][1], shards[0][0], worker)
    paused.go_on(lambda: True)
    finished = ShardWork(shards[1][1], shards[1][0], worker)
    finished.go_on()
    watched.clear()
    paused.go_on()
    total = mine(request, worker).tokens
    assert watched[0].total == total
    of_the_first_batch = watched[0].done
    assert of_the_first_batch > 3_000
    assert [progress.phase for progress in watched][-1] == "finished"


def test_a_spoilt_plan_that_was_deleted_is_made_again_and_what_was_mined_stays(
    request_for: Callable[..., MiningRequest], worker: Worker
) -> None:
    request = request_for(worker.root, shard_tokens=3_000)
    folder = folder_of(request, worker)
    first, *others = shards_of([request], worker)
    ShardWork(first[1], first[0], worker).go_on()
    written = folder.shard(first[0]).stat().st_mtime_ns
    shutil.rmtree(worker.root / "corpora" / request.corpus_digest / "plans")
    read_plan.cache_clear()
    work = ShardWork(others[0][1], others[0][0], worker)
    work.go_on()
    with pytest.raises(BadPlan, match="delete that folder and mine again"):
        raise work.failed[request.digest]
    (folder.path / "failure.json").unlink()
    assert [number for number, _ in shards_of([request], worker)] == [number for number, _ in others]
    assert folder.shard(first[0]).stat().st_mtime_ns == written
    assert mine(request, worker).tokens > 0


def test_a_full_disk_does_not_end_a_shard_for_its_note_of_progress() -> None:
    with Path("/dev/full").open("a+") as lock:
        note(lock, 17)
