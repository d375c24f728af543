"""A process loads a model and an SAE once, and again when their files have changed."""

import shutil
from pathlib import Path

import pytest

from saeserve.loaded import MOST_SAES, Loaded


@pytest.fixture
def root(tmp_path: Path, model_folder: Path, sae_folder: Path) -> Path:
    shutil.copytree(model_folder, tmp_path / "model")
    shutil.copytree(sae_folder, tmp_path / "sae")
    return tmp_path


def test_the_last_model_and_its_saes_stay(root: Path, other_sae_folder: Path) -> None:
    loaded = Loaded(root)
    fit = loaded.fit("model", "sae", options={}, dtype="float32")
    other = loaded.fit("model", str(other_sae_folder), options={}, dtype="float32")
    assert loaded.fit("model", "sae", options={}, dtype="float32") is fit
    assert other.model is fit.model
    elsewhere = loaded.fit("model", "sae", options={"hook_point": "model.layers.2"}, dtype="float32")
    assert str(elsewhere.point) == "model.layers.2"


def test_another_dtype_is_another_model(root: Path) -> None:
    loaded = Loaded(root)
    fit = loaded.fit("model", "sae", options={}, dtype="float32")
    wide = loaded.fit("model", "sae", options={}, dtype="bfloat16")
    assert (fit.model.dtype, wide.model.dtype) == ("float32", "bfloat16")
    assert loaded.fit("model", "sae", options={}, dtype="float32") is not fit


def test_files_that_changed_are_read_again(root: Path, other_sae_folder: Path) -> None:
    loaded = Loaded(root)
    before = loaded.fit("model", "sae", options={}, dtype="float32")
    shutil.rmtree(root / "sae")
    shutil.copytree(other_sae_folder, root / "sae")
    after = loaded.fit("model", "sae", options={}, dtype="float32")
    assert after.sae_digest != before.sae_digest
    assert after.model is before.model


def test_only_so_many_saes_stay_unless_a_pass_needs_more(root: Path) -> None:
    loaded = Loaded(root)

    def fit(number: int) -> object:
        return loaded.fit("model", "sae", options={"l0": number}, dtype="float32")

    first = fit(1)
    for number in range(2, MOST_SAES + 1):
        fit(number)
    assert fit(1) is first
    for number in range(2, MOST_SAES + 2):
        fit(number)
    assert fit(1) is not first
    loaded.make_room(2 * MOST_SAES)
    again = fit(1)
    for number in range(2, 2 * MOST_SAES + 1):
        fit(number)
    assert fit(1) is again


def test_a_name_is_a_folder_where_there_is_one_and_else_a_hub_id(root: Path) -> None:
    (root / "org" / "here").mkdir(parents=True)
    loaded = Loaded(root)
    assert loaded.place("org/here") == root / "org" / "here"
    assert loaded.place("org/away") == "org/away"
    assert loaded.place("org/away@v1") == "org/away@v1"
    assert loaded.place("model") == root / "model"
    assert loaded.place("../model") == root / "../model"
