"""An SAE is tied to a model only where their widths agree, at the place where it reads and where it writes."""

from pathlib import Path

import pytest
import torch

from saeserve.coders.base import Coder
from saeserve.coders.relu import ReLU
from saeserve.coders.transcoder import Transcoder
from saeserve.fit import load_fit, load_sae_for
from saeserve.formats.folder import BadSae
from saeserve.formats.saelens import write_saelens
from saeserve.hook_points import HookPoint, NoSuchHookPoint
from saeserve.hooks import capture
from saeserve.language_model import LanguageModel, load_language_model
from tests.unit.saeserve import tiny
from tests.unit.saeserve.made_up_saes import weights
from tests.unit.saeserve.test_sparsify_format import stored, written


@pytest.fixture(scope="module")
def model(model_folder: Path) -> LanguageModel:
    return load_language_model(model_folder, dtype="float32", device="cpu")


def sae_at(folder: Path, coder: Coder, **metadata: str) -> Path:
    write_saelens(folder, coder, metadata={"hf_hook_name": tiny.HOOK_POINT, **metadata})
    return folder


def plain(width: int = tiny.WIDTH) -> ReLU:
    return ReLU(**weights(width=width))


def test_model_and_sae_are_loaded_together(model_folder: Path, tmp_path: Path) -> None:
    fit = load_fit(model_folder, sae_at(tmp_path, plain(), model_name="tiny"), dtype="float32", device="cpu")
    assert fit.point == fit.output_point == HookPoint(tiny.HOOK_POINT)
    assert len(fit.sae_digest) == 64
    assert "warning" not in fit.sae.metadata


def test_several_saes_share_a_loaded_model(model: LanguageModel, tmp_path: Path) -> None:
    first = load_sae_for(model, sae_at(tmp_path / "a", plain()))
    second = load_sae_for(model, sae_at(tmp_path / "b", plain()), options={"hook_point": "blocks.2.hook_resid_post"})
    assert first.model is second.model is model
    assert str(second.point) == str(second.output_point) == "model.layers.2"
    assert first.sae_digest == second.sae_digest


def test_another_width_is_refused_where_it_reads(model: LanguageModel, tmp_path: Path) -> None:
    with pytest.raises(BadSae, match=r"reads activations of width 12; model\.layers\.1 of tiny has width 32"):
        load_sae_for(model, sae_at(tmp_path, plain(12)))


def test_another_width_is_refused_where_it_writes(model: LanguageModel, tmp_path: Path) -> None:
    across = Transcoder(ReLU(**weights(width=tiny.WIDTH, out=8), subtract_b_dec=False))
    folder = sae_at(tmp_path, across, hf_hook_name_out="model.layers.1.mlp")
    with pytest.raises(BadSae, match=r"writes activations of width 8; model\.layers\.1\.mlp of tiny has width 32"):
        load_sae_for(model, folder)


def test_a_transcoder_reads_one_place_and_predicts_another(model: LanguageModel, tmp_path: Path) -> None:
    across = Transcoder(ReLU(**weights(width=tiny.WIDTH, out=tiny.WIDTH), subtract_b_dec=False))
    fit = load_sae_for(
        model,
        sae_at(tmp_path, across),
        options={"hook_point": "model.layers.1.mlp:input", "output_hook_point": "model.layers.1.mlp"},
    )
    ids = torch.tensor([[1, 2, 3]])
    reads, writes = capture(model.network, [fit.point, fit.output_point], ids, None)
    codes = fit.sae.coder.encode(reads[0])
    assert fit.sae.coder.decode(codes, reads[0]).shape == writes[0].shape
    assert not torch.equal(reads, writes)


def test_a_module_named_from_the_base_model_on_is_found(model: LanguageModel, tmp_path: Path) -> None:
    folder = written(tmp_path / "layers.1.mlp", stored(weights(width=tiny.WIDTH)), d_in=tiny.WIDTH, transcode=True)
    fit = load_sae_for(model, folder)
    assert (str(fit.point), str(fit.output_point)) == ("model.layers.1.mlp:input", "model.layers.1.mlp")


def test_a_place_that_the_model_lacks_is_refused(model: LanguageModel, tmp_path: Path) -> None:
    with pytest.raises(NoSuchHookPoint, match=r"model\.layers\.9"):
        load_sae_for(model, sae_at(tmp_path, plain(), hf_hook_name="model.layers.9"))


@pytest.mark.parametrize(
    ("trained_on", "warned"), [("tiny", False), ("somebody/Tiny", False), ("", False), ("gpt2", True)]
)
def test_another_models_name_is_a_warning(model: LanguageModel, tmp_path: Path, trained_on: str, warned: bool) -> None:
    fit = load_sae_for(model, sae_at(tmp_path, plain(), model_name=trained_on))
    assert ("warning" in fit.sae.metadata) is warned
    if warned:
        assert fit.sae.metadata["warning"] == "The SAE was trained on gpt2, and the model is tiny."
