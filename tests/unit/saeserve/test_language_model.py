"""Models are loaded from folders, offline, and what cannot be used is refused in a sentence."""

import json
from pathlib import Path
from shutil import copytree

import pytest
from safetensors.torch import load_file, save_file

from saeserve.language_model import BadModel, load_language_model, weights_digest


@pytest.fixture
def copied(model_folder: Path, tmp_path: Path) -> Path:
    return copytree(model_folder, tmp_path / "model")


def test_the_revision_follows_the_weights_and_not_the_files(copied: Path) -> None:
    before = weights_digest(copied)
    tensors = load_file(copied / "model.safetensors")
    (copied / "model.safetensors").unlink()
    names = sorted(tensors)
    save_file({name: tensors[name] for name in names[:9]}, copied / "model-1.safetensors", metadata={"format": "pt"})
    save_file({name: tensors[name] for name in names[9:]}, copied / "model-2.safetensors", metadata={"format": "pt"})
    assert weights_digest(copied) == before
    tensors[names[-1]][0] += 1
    save_file({name: tensors[name] for name in names[9:]}, copied / "model-2.safetensors")
    assert weights_digest(copied) != before


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="holds no language model"):
        load_language_model(tmp_path)


def test_pickled_weights_are_not_loaded(copied: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(BadModel, match="pickled ones are not loaded"):
        load_language_model(copied)


def test_truncated_weights_are_refused(copied: Path) -> None:
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BadModel, match="damaged"):
        load_language_model(copied)


def test_a_tokenizer_that_does_not_fit_the_model_is_refused(copied: Path) -> None:
    tokenizer = json.loads((copied / "tokenizer.json").read_text())
    known = tokenizer["added_tokens"][0]
    tokenizer["added_tokens"] += [{**known, "id": 400 + i, "content": f"<extra{i}>"} for i in range(5)]
    (copied / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(BadModel, match="do not belong together"):
        load_language_model(copied)


def test_a_broken_config_is_refused(copied: Path) -> None:
    (copied / "config.json").write_text('{"model_type": "no-such-model"}')
    with pytest.raises(BadModel, match="cannot load"):
        load_language_model(copied)
