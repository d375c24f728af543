"""What depends on an SAE alone: right, made once, made again where the file is not whole."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from saeserve.contract import LATENTS_FILE, MiningRequest
from saeserve.fit import Fit
from saeserve.hook_points import HookPoint
from saeserve.identity import latent_identities
from saeserve.lens import lens, lens_rows
from saeserve.mining import sae_profile as module
from saeserve.mining.finish import finish
from saeserve.mining.folders import run_folder
from saeserve.mining.mine_shard import ShardWork
from saeserve.mining.neighbours import decoder_neighbours
from saeserve.mining.open_run import Worker
from saeserve.mining.prepare import prepare
from saeserve.mining.prepared import load_prepared
from saeserve.mining.run import mine
from saeserve.mining.sae_profile import PROFILE, make_profile, profile_file, sae_profile


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Fit]:
    """Fits whose profile was made since the test began."""
    fits: list[Fit] = []

    def make(fit: Fit) -> module.SaeProfile:
        fits.append(fit)
        return make_profile(fit)

    monkeypatch.setattr(module, "make_profile", make)
    return fits


def test_its_columns_are_identities_logit_lens_and_neighbours(fit: Fit, tmp_path: Path) -> None:
    found = sae_profile(tmp_path, fit)
    read, near = lens(fit), decoder_neighbours(fit.sae.coder.decoder)
    rows = lens_rows(fit.model.tokenizer, read)
    columns = {name: found.latents.column(name).to_pylist() for name in PROFILE.names}
    assert columns["identity"] == latent_identities(
        fit.sae.coder, model_revision=fit.model.revision, hook_points=(str(fit.point), str(fit.output_point))
    )
    assert columns["promoted"] == [row["promoted"] for row in rows]
    assert columns["suppressed"] == [row["suppressed"] for row in rows]
    assert [[entry["cosine"] for entry in row] for row in columns["neighbours"]] == near.cosines.tolist()
    assert np.array_equal(found.neighbours, near.latents)
    assert found.lens == read.note


def test_it_is_made_once_and_read_back_as_it_was(fit: Fit, tmp_path: Path, made: list[Fit]) -> None:
    first, second = sae_profile(tmp_path, fit), sae_profile(tmp_path, fit)
    assert len(made) == 1
    assert second.latents.equals(first.latents)
    assert second.lens == first.lens
    assert np.array_equal(second.neighbours, first.neighbours)
    assert [file.name for file in profile_file(tmp_path, fit).parent.iterdir()] == ["profile.parquet"]


def test_an_sae_without_a_lens_keeps_the_reason(fit: Fit, tmp_path: Path, made: list[Fit]) -> None:
    without = replace(fit, output_point=HookPoint(fit.output_point.path, "normalized"))
    for _ in range(2):
        found = sae_profile(tmp_path, without)
        assert found.lens.startswith("No logit lens: ")
        assert set(map(len, found.latents.column("promoted").to_pylist())) == {0}
    assert len(made) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"PAR1" + bytes(len(data) - 8) + b"PAR1",
        lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
        lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 64]) + data[len(data) // 2 + 1 :],
    ],
    ids=["empty", "half", "short", "zeros", "a bit in front", "a bit in the middle"],
)
def test_a_damaged_file_is_made_anew(
    spoil: Callable[[bytes], bytes], fit: Fit, tmp_path: Path, made: list[Fit]
) -> None:
    whole, path = sae_profile(tmp_path, fit), profile_file(tmp_path, fit)
    sound = path.read_bytes()
    path.write_bytes(spoil(sound))
    again = sae_profile(tmp_path, fit)
    assert len(made) == 2
    assert again.latents.equals(whole.latents)
    assert path.read_bytes() == sound


def test_a_file_of_another_width_is_not_taken(fit: Fit, tmp_path: Path, made: list[Fit]) -> None:
    sae_profile(tmp_path, fit)
    path = profile_file(tmp_path, fit)
    pq.write_table(pq.read_table(path).slice(1), path)
    assert sae_profile(tmp_path, fit).latents.num_rows == fit.sae.coder.width
    assert len(made) == 2


def test_other_weights_model_dtype_or_hook_point_have_another_profile(fit: Fit, tmp_path: Path) -> None:
    other = HookPoint("model.layers.2", "output")
    fits = [
        fit,
        replace(fit, sae_digest="0" * 64),
        replace(fit, model=replace(fit.model, revision="other")),
        replace(fit, model=replace(fit.model, dtype="bfloat16")),
        replace(fit, point=other),
        replace(fit, output_point=other),
    ]
    assert len({profile_file(tmp_path, each) for each in fits}) == len(fits)


def test_it_is_there_when_the_gate_is_passed_and_made_by_the_end_where_it_was_lost(
    request_for: Callable[..., MiningRequest], worker_in: Callable[[Path], Worker], tmp_path: Path, made: list[Fit]
) -> None:
    worker, request = worker_in(tmp_path), request_for(tmp_path)
    (run,) = prepare([request], worker)
    prepared = load_prepared(run.folder)
    assert prepared is not None
    assert len(made) == 1
    for number in range(prepared.shards):
        ShardWork([request.digest], number, worker).go_on()
    profile_file(tmp_path, made[0]).unlink()
    finished = finish(request.digest, worker)
    assert finished is not None
    assert finished.error is None
    assert len(made) == 2
    mine(replace(request, foils=2), worker)
    assert len(made) == 2, "a second run with the SAE made it again"
    first = pq.read_table(run_folder(tmp_path, request) / LATENTS_FILE, columns=PROFILE.names)
    assert first.equals(sae_profile(tmp_path, made[0]).latents)
