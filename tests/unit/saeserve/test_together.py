"""Several SAEs in one pass: whatever happens to one of them, the others get what they would get alone."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import Tensor

from saeserve.coders.base import Codes
from saeserve.coders.topk import TopK
from saeserve.contract import Manifest, MiningRequest
from saeserve.fit import Fit
from saeserve.formats.write_saelens import write_saelens
from saeserve.gate import SaeDoesNotFit
from saeserve.loaded import Loaded
from saeserve.mining.hand_out import hand_out
from saeserve.mining.mine_shard import ShardWork
from saeserve.mining.open_run import Worker
from saeserve.mining.run import mine, mine_together


@pytest.fixture(scope="module")
def alone(request_for: Callable[..., MiningRequest], tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    root = tmp_path_factory.mktemp("alone")
    return mine(request_for(root), Worker(root, Loaded(root)))


@pytest.fixture
def reversed_sae(fit: Fit, tmp_path: Path) -> str:
    """Its latents write in the opposite of the right direction."""
    assert isinstance(fit.sae.coder, TopK)
    coder = dataclasses.replace(fit.sae.coder, W_dec=-fit.sae.coder.W_dec)
    names = {"model_name": "tiny", "hook_name": fit.sae.hook_point, "hf_hook_name": fit.sae.hook_point}
    write_saelens(tmp_path / "reversed", coder, metadata=names)
    return str(tmp_path / "reversed")


def test_an_sae_that_does_not_fit_is_refused_at_the_gate_and_the_other_is_mined(
    alone: Manifest, reversed_sae: str, request_for: Callable[..., MiningRequest], tmp_path: Path
) -> None:
    requests = [request_for(tmp_path, sae=reversed_sae), request_for(tmp_path)]
    refused, mined = mine_together(requests, Worker(tmp_path, Loaded(tmp_path)))
    assert isinstance(refused, SaeDoesNotFit)
    assert isinstance(mined, Manifest)
    assert mined.files == alone.files
    assert mined.gate == alone.gate


def test_an_error_of_one_sae_in_the_middle_of_a_pass_fails_its_run_alone(
    alone: Manifest,
    request_for: Callable[..., MiningRequest],
    other_sae_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, other = request_for(tmp_path), request_for(tmp_path, sae=str(other_sae_folder))
    worker = Worker(tmp_path, Loaded(tmp_path))
    shards = hand_out([other, good], worker, again=False).shards
    encode = TopK.encode

    def encode_or_give_out(self: TopK, activations: Tensor) -> Codes:
        if self.width == 128:
            raise RuntimeError("out of memory")
        return encode(self, activations)

    failed: dict[str, Exception] = {}
    complete: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(TopK, "encode", encode_or_give_out)
        for number, digests in shards:
            work = ShardWork(digests, number, worker)
            work.go_on()
            failed |= work.failed
            complete += work.complete()
    assert list(failed) == [other.digest]
    assert complete == [good.digest]
    assert mine(good, worker).files == alone.files
    assert mine(other, worker).sae_width == 128
