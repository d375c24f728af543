"""The same run on a CPU and on a GPU: equal but for rounding, and how busy the GPU was."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from saeserve.coders.base import Codes
from saeserve.contract import LATENTS_FILE, MiningRequest
from saeserve.fit import load_fit
from saeserve.loaded import Loaded
from saeserve.mining.folders import run_folder
from saeserve.mining.open_run import Worker
from saeserve.mining.run import mine

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]
Ask = Callable[..., MiningRequest]


def test_a_run_on_the_gpu_counts_what_a_run_on_the_cpu_counts(request_for: Ask, tmp_path: Path) -> None:
    tables = {}
    for device in ("cpu", "cuda"):
        root = tmp_path / device
        root.mkdir()
        asked = request_for(root)
        mine(asked, Worker(root, Loaded(root, device=device)))
        tables[device] = pq.read_table(run_folder(root, asked) / LATENTS_FILE).to_pydict()
    here, there = tables["cpu"], tables["cuda"]
    assert here["identity"] == there["identity"]
    firings = np.array(here["firings"]), np.array(there["firings"])
    assert np.abs(firings[0] - firings[1]).sum() <= 0.01 * firings[0].sum()
    np.testing.assert_allclose(here["max_activation"], there["max_activation"], rtol=2e-3, atol=1e-3)


def test_codes_of_one_activation_are_equal_on_both(model_folder: Path, sae_folder: Path) -> None:
    fits = [load_fit(model_folder, sae_folder, dtype="float32", device=device) for device in ("cpu", "cuda")]
    activations = torch.randn(500, fits[0].sae.coder.input_width, generator=torch.Generator().manual_seed(4))
    dense = [_dense(fit.sae.coder.encode(activations.to(fit.model.device)), fit.sae.coder.width) for fit in fits]
    both = (dense[0] > 0) & (dense[1] > 0)
    assert both.sum() >= 0.99 * (dense[0] > 0).sum()
    torch.testing.assert_close(dense[0][both], dense[1][both], rtol=1e-3, atol=1e-4)


@pytest.mark.model
def test_the_gpu_is_mostly_busy_while_mining(
    reference_request: Callable[[Path], MiningRequest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = reference_request(tmp_path)
    worker = Worker(tmp_path, Loaded(tmp_path, device="cuda"))
    worker.loaded.model(asked.model, dtype=asked.dtype)
    started = time.perf_counter()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        manifest = mine(asked, worker)
    seconds = time.perf_counter() - started
    busy = sum(event.self_device_time_total for event in profile.key_averages()) / 1e6
    with capsys.disabled():
        print(f"\n{torch.cuda.get_device_name()}: {manifest.tokens / seconds:,.0f} tokens/s, busy {busy / seconds:.0%}")  # noqa: T201
    assert manifest.gate["fve"] > 0.7
    assert 0 < busy <= 1.05 * seconds


def _dense(codes: Codes, width: int) -> torch.Tensor:
    dense = torch.zeros(codes.count, width)
    dense[codes.tokens.cpu(), codes.latents.cpu()] = codes.values.cpu()
    return dense
