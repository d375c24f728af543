"""SAELens folders are read exactly, and refused in a sentence where they cannot be.

No file of SAELens' own is at hand: `version_6` and the tests of what is written give folders in its layout, whose names
and shapes were checked against SAELens 6.18.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from saeserve.coders.base import Coder
from saeserve.coders.batchtopk import BatchTopK
from saeserve.coders.inputs import Inputs
from saeserve.coders.jumprelu import JumpReLU
from saeserve.coders.matryoshka import Matryoshka
from saeserve.coders.relu import ReLU
from saeserve.coders.skip_transcoder import SkipTranscoder
from saeserve.coders.topk import TopK
from saeserve.coders.transcoder import Transcoder
from saeserve.formats.folder import BadSae, SaeFolder
from saeserve.formats.read import read_sae
from saeserve.formats.saelens import write_saelens
from tests.unit.saeserve import naive_coders as naive
from tests.unit.saeserve.made_up_saes import LATENTS, WIDTH, activations, agrees, dense, positive, weights
from tests.unit.saeserve.test_coders import CODERS, GATES, SKIP, before, outputs
from tests.unit.saeserve.test_topk import a_coder

METADATA = {"model_name": "tiny", "hook_name": "blocks.1.hook_resid_post", "hf_hook_name": "model.layers.1"}
W = weights()
X = activations()
THRESHOLD = torch.tensor(1.2, dtype=torch.float64)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_saelens(tmp_path, a_coder(), metadata=METADATA)
    return tmp_path


def version_6(folder: Path, architecture: str, tensors: dict[str, torch.Tensor], **more: Any) -> Path:
    """A folder as SAELens 6 lays it out."""
    folder.mkdir(exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "sae_weights.safetensors")
    config = {
        "architecture": architecture,
        "d_in": WIDTH,
        "d_sae": LATENTS,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {**METADATA, "sae_lens_version": "6.18.0"},
    }
    (folder / "cfg.json").write_text(json.dumps(config | more))
    return folder


def change_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "cfg.json").read_text())
    change(config)
    (folder / "cfg.json").write_text(json.dumps(config))


def change_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / "sae_weights.safetensors")
    change(tensors)
    save_file(tensors, folder / "sae_weights.safetensors")


def test_what_was_written_is_read_back(folder: Path) -> None:
    sae = read_sae(folder)
    x = torch.randn(6, 12, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(sae.coder.encode(x).values, a_coder().encode(x).values, rtol=0, atol=0)
    assert sae.hook_point == sae.output_hook_point == "model.layers.1"
    assert (sae.format, sae.model_name, sae.coder.unit) == ("SAELens", "tiny", "raw")


def test_the_layout_states_its_version_or_readers_take_it_for_an_old_one(folder: Path) -> None:
    assert json.loads((folder / "cfg.json").read_text())["metadata"]["sae_lens_version"] >= "6"


def test_standard(tmp_path: Path) -> None:
    codes = [naive.relu(before(x)) for x in X.tolist()]
    agrees(read_sae(version_6(tmp_path, "standard", W)).coder, X, codes, outputs(codes))


def test_topk_is_not_rescaled_unless_the_file_says_so(tmp_path: Path) -> None:
    codes = [naive.topk(before(x), 3) for x in X.tolist()]
    agrees(read_sae(version_6(tmp_path, "topk", W, k=3)).coder, X, codes, outputs(codes))
    rescaled = read_sae(version_6(tmp_path, "topk", W, k=3, rescale_acts_by_decoder_norm=True)).coder
    assert rescaled.unit == "decoder-norm"
    assert torch.equal(dense(rescaled.encode(X)), dense(CODERS["topk, rescaled"].encode(X)))


def test_b_dec_is_subtracted_where_the_file_does_not_say(tmp_path: Path) -> None:
    folder = version_6(tmp_path, "standard", W)
    change_config(folder, lambda config: config.pop("apply_b_dec_to_input"))
    codes = [naive.relu(before(x)) for x in X.tolist()]
    agrees(read_sae(folder).coder, X, codes, outputs(codes))
    change_config(folder, lambda config: config.update(apply_b_dec_to_input=False))
    raw = [naive.relu(before(x, subtract=False)) for x in X.tolist()]
    agrees(read_sae(folder).coder, X, raw, outputs(raw))


def test_jumprelu_and_gated(tmp_path: Path) -> None:
    jump = version_6(tmp_path / "jump", "jumprelu", {**W, "threshold": positive()})
    codes = [naive.jumprelu(before(x), positive().tolist()) for x in X.tolist()]
    agrees(read_sae(jump).coder, X, codes, outputs(codes))
    tensors = {**{name: W[name] for name in ("W_enc", "W_dec", "b_dec")}, **GATES}
    gated = read_sae(version_6(tmp_path / "gated", "gated", tensors)).coder
    assert torch.equal(dense(gated.encode(X)), dense(CODERS["gated"].encode(X)))


def test_a_raw_batchtopk_checkpoint_is_gated_by_its_threshold_in_units_of_the_decoders_norms(tmp_path: Path) -> None:
    lengths = naive.norms(W["W_dec"].tolist())
    tensors = {**W, "topk_threshold": THRESHOLD}
    folder = version_6(tmp_path, "batchtopk", tensors, k=3.0, rescale_acts_by_decoder_norm=True, topk_threshold_lr=0.01)
    codes = [naive.jumprelu(naive.times(before(x), lengths), [1.2] * LATENTS) for x in X.tolist()]
    plain = [[value / length for value, length in zip(f, lengths, strict=True)] for f in codes]
    sae = read_sae(folder)
    agrees(sae.coder, X, codes, outputs(plain))
    assert sae.coder.unit == "decoder-norm"


def test_a_raw_matryoshka_checkpoint_has_its_groups(tmp_path: Path) -> None:
    tensors = {**W, "topk_threshold": THRESHOLD}
    coder = read_sae(version_6(tmp_path, "matryoshka_batchtopk", tensors, k=3, matryoshka_widths=[4, 10, 20])).coder
    assert isinstance(coder, Matryoshka)
    assert coder.group_sizes == (4, 6, 10)
    change_config(tmp_path, lambda config: config.update(matryoshka_widths=[10, 4]))
    with pytest.raises(BadSae, match="do not rise"):
        read_sae(tmp_path)


def test_a_threshold_that_was_never_learnt_is_refused(tmp_path: Path) -> None:
    tensors = {**W, "topk_threshold": torch.tensor(0.0, dtype=torch.float64)}
    with pytest.raises(BadSae, match=r"topk_threshold is 0\.0; it must be a number above 0"):
        read_sae(version_6(tmp_path, "batchtopk", tensors, k=3))


def test_transcoders_name_both_hook_points(tmp_path: Path) -> None:
    across = weights(out=4)
    named = {**METADATA, "hook_name_out": "blocks.1.hook_mlp_out", "sae_lens_version": "6.18.0"}
    plain = {"d_out": 4, "apply_b_dec_to_input": False, "metadata": named}
    kinds: dict[str, tuple[dict[str, torch.Tensor], Coder]] = {
        "transcoder": (across, Transcoder(ReLU(**across, subtract_b_dec=False))),
        "skip_transcoder": (
            {**across, "W_skip": SKIP},
            SkipTranscoder(ReLU(**across, subtract_b_dec=False), SKIP),
        ),
        "jumprelu_transcoder": (
            {**across, "threshold": positive()},
            Transcoder(JumpReLU(**across, threshold=positive(), subtract_b_dec=False)),
        ),
        "jumprelu_skip_transcoder": ({**across, "threshold": positive(), "W_skip": SKIP}, CODERS["skip transcoder"]),
    }
    for architecture, (tensors, wanted) in kinds.items():
        sae = read_sae(version_6(tmp_path / architecture, architecture, tensors, **plain))
        assert (sae.hook_point, sae.output_hook_point) == ("model.layers.1", "blocks.1.hook_mlp_out")
        codes = sae.coder.encode(X)
        assert torch.equal(dense(codes), dense(wanted.encode(X)))
        torch.testing.assert_close(sae.coder.decode(codes, X), wanted.decode(codes, X))
    change_config(tmp_path / "transcoder", lambda config: config.update(apply_b_dec_to_input=True))
    with pytest.raises(BadSae, match="another space"):
        read_sae(tmp_path / "transcoder")


def test_layer_norm_and_constant_norm_are_applied(tmp_path: Path) -> None:
    for normalization in ("layer_norm", "constant_norm_rescale"):
        coder = read_sae(version_6(tmp_path, "standard", W, normalize_activations=normalization)).coder
        wanted = ReLU(**W, inputs=Inputs(normalization))
        codes = coder.encode(X)
        assert torch.equal(dense(codes), dense(wanted.encode(X)))
        torch.testing.assert_close(coder.decode(codes, X), wanted.decode(codes, X))


def test_an_average_norm_without_its_scale_is_refused_with_what_to_pass(tmp_path: Path) -> None:
    folder = version_6(tmp_path, "standard", W, normalize_activations="expected_average_only_in")
    with pytest.raises(BadSae, match="pass the option norm_scaling_factor"):
        read_sae(folder)
    for bad in (0, -1.0, float("nan"), "large"):
        with pytest.raises(BadSae, match="norm_scaling_factor is"):
            read_sae(folder, options={"norm_scaling_factor": bad})


def test_an_average_norm_with_its_scale_is_folded(tmp_path: Path) -> None:
    """SAELens scales the activations, encodes, and scales back; folding must come to the same."""
    folder = version_6(
        tmp_path, "jumprelu", {**W, "threshold": positive()}, normalize_activations="expected_average_only_in"
    )
    scaled = [[value * 0.7 for value in x] for x in X.tolist()]
    bias = W["b_dec"].tolist()
    # Folding divides b_dec before it is subtracted: (x - b_dec / s) s W_enc = (x s - b_dec) W_enc.
    codes = [naive.jumprelu(before(x), positive().tolist()) for x in scaled]
    wanted = [[value / 0.7 for value in naive.decoded(f, W["W_dec"].tolist(), bias)] for f in codes]
    sae = read_sae(folder, options={"norm_scaling_factor": 0.7})
    agrees(sae.coder, X, codes, wanted)
    assert sae.metadata["norm_scaling_factor"] == 0.7


def test_a_scale_for_an_sae_that_takes_none_is_refused(folder: Path) -> None:
    with pytest.raises(BadSae, match="leave it away"):
        read_sae(folder, options={"norm_scaling_factor": 2.0})


def test_centred_writing_weights_take_the_mean_off_the_residual_stream_only(tmp_path: Path) -> None:
    metadata = {
        "model_name": "gpt2",
        "hook_name": "blocks.8.hook_resid_pre",
        "model_from_pretrained_kwargs": {"center_writing_weights": True},
        "sae_lens_version": "6.18.0",
    }
    coder = read_sae(version_6(tmp_path, "standard", W, metadata=metadata)).coder
    assert torch.equal(dense(coder.encode(X)), dense(CODERS["relu, centred"].encode(X)))
    metadata["hook_name"] = "blocks.8.attn.hook_z"
    plain = read_sae(version_6(tmp_path, "standard", W, metadata=metadata, reshape_activations="hook_z")).coder
    assert torch.equal(dense(plain.encode(X)), dense(CODERS["relu"].encode(X)))


def test_options_come_before_what_the_files_say(folder: Path) -> None:
    sae = read_sae(folder, options={"hook_point": "model.layers.2", "output_hook_point": "model.layers.3"})
    assert (sae.hook_point, sae.output_hook_point) == ("model.layers.2", "model.layers.3")
    with pytest.raises(BadSae, match="'hook' is not known"):
        read_sae(folder, options={"hook": "model.layers.2"})
    with pytest.raises(BadSae, match="hook_point is 4"):
        read_sae(folder, options={"hook_point": 4})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(architecture="temporal"), "'temporal' is not supported"),
        (lambda c: c.update(d_in=13), "shape"),
        (lambda c: c.update(d_sae=0), "d_sae as 0"),
        (lambda c: c.update(k=41), "k = 41 of only 40"),
        (lambda c: c.update(k="many"), "k as 'many'"),
        (lambda c: c.update(normalize_activations="constant_scalar_rescale"), "normalize_activations"),
        (lambda c: c.update(reshape_activations="heads"), "reshape_activations"),
        (lambda c: c.update(metadata=7), "metadata is no object"),
        (lambda c: c["metadata"].pop("sae_lens_version"), "unknown version"),
        (lambda c: c["metadata"].update(sae_lens_version="5.4.1"), "5.4.1"),
        (lambda c: c["metadata"].update(sae_lens_version="recent"), "recent"),
        (lambda c: [c["metadata"].pop(name) for name in ("hook_name", "hf_hook_name")], "no hook point"),
    ],
)
def test_a_bad_configuration_is_refused(folder: Path, change: Callable[[dict[str, Any]], object], words: str) -> None:
    change_config(folder, change)
    with pytest.raises(BadSae, match=words):
        read_sae(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t["W_dec"].__setitem__((3, 4), float("nan")), "W_dec holds 1 values of 480 that are not finite"),
        (lambda t: t["b_enc"].__setitem__(0, float("inf")), "b_enc holds 1 values"),
        (lambda t: t.pop("b_dec"), "lack b_dec"),
        (lambda t: t.update(threshold=torch.zeros(40)), "have threshold besides"),
        (lambda t: t.update(W_enc=t["W_enc"].T.contiguous()), "shape"),
    ],
)
def test_bad_weights_are_refused(folder: Path, change: Callable[[dict[str, Any]], object], words: str) -> None:
    change_tensors(folder, change)
    with pytest.raises(BadSae, match=words):
        read_sae(folder)


def test_a_truncated_file_is_refused(folder: Path) -> None:
    weights_file = folder / "sae_weights.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:500])
    with pytest.raises(BadSae, match="damaged"):
        read_sae(folder)


def test_a_missing_file_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "sae_weights.safetensors").unlink()
    with pytest.raises(BadSae, match="fetch the SAE again"):
        read_sae(folder)
    with pytest.raises(BadSae, match="is not there; give a folder or file of one of: SAELens"):
        read_sae(tmp_path / "elsewhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadSae, match="no SAE in a known format"):
        read_sae(tmp_path / "empty")


def test_broken_json_is_refused(folder: Path) -> None:
    for broken in ("{", "[1]"):
        (folder / "cfg.json").write_text(broken)
        with pytest.raises(BadSae, match=r"JSON"):
            read_sae(folder)


WRITABLE = [name for name in CODERS if name not in ("relu, centred", "gated, rescaled", "groupmax", "transcoder")]


@pytest.mark.parametrize("name", WRITABLE)
def test_what_is_written_gives_the_same_codes(name: str, tmp_path: Path) -> None:
    coder = CODERS[name]
    write_saelens(tmp_path, coder, metadata=METADATA)
    sae = read_sae(tmp_path)
    codes = coder.encode(X)
    torch.testing.assert_close(dense(sae.coder.encode(X)), dense(codes))
    torch.testing.assert_close(sae.coder.decode(codes, X), coder.decode(codes, X), rtol=1e-4, atol=1e-4)


def test_what_the_layout_cannot_hold_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    for name in ("relu, centred", "gated, rescaled", "groupmax", "transcoder"):
        with pytest.raises(BadSae, match="no place"):
            write_saelens(tmp_path / "new", CODERS[name], metadata=METADATA)
    huge = TopK(**{**W, "W_enc": W["W_enc"] * 1e6}, k=3)
    with pytest.raises(BadSae, match=r"does not fit into torch\.float16"):
        write_saelens(tmp_path / "new", huge, metadata=METADATA, matrices=torch.float16)
    assert not (tmp_path / "new").exists()


def test_batchtopk_in_decoder_norms_is_written_folded_as_saelens_saves_it(tmp_path: Path) -> None:
    coder = BatchTopK(**W, threshold=1.2, rescale_by_decoder_norm=True)
    write_saelens(tmp_path, coder, metadata=METADATA)
    assert json.loads((tmp_path / "cfg.json").read_text())["architecture"] == "jumprelu"
    tensors = load_file(tmp_path / "sae_weights.safetensors")
    torch.testing.assert_close(tensors["W_dec"].norm(dim=1), torch.ones(LATENTS))
    torch.testing.assert_close(tensors["threshold"], torch.full((LATENTS,), 1.2))
    sae = read_sae(tmp_path)
    torch.testing.assert_close(dense(sae.coder.encode(X)), dense(coder.encode(X)), rtol=1e-4, atol=1e-5)
    assert sae.metadata["trained_as"] == "batchtopk"


def test_matrices_may_be_stored_in_half_precision_and_are_read_as_float32(tmp_path: Path) -> None:
    write_saelens(tmp_path, CODERS["jumprelu"], metadata=METADATA, matrices=torch.float16)
    stored = load_file(tmp_path / "sae_weights.safetensors")
    assert {name: tensor.dtype for name, tensor in stored.items()} == {
        "W_enc": torch.float16,
        "W_dec": torch.float16,
        "b_enc": torch.float32,
        "b_dec": torch.float32,
        "threshold": torch.float32,
    }
    coder = read_sae(tmp_path).coder
    assert isinstance(coder, JumpReLU)
    assert coder.W_enc.dtype == torch.float32
    assert torch.equal(coder.W_enc, W["W_enc"].half().float())
    assert torch.equal(coder.threshold, positive())


def test_a_card_beside_it_is_what_it_declares(folder: Path) -> None:
    (folder / "card.json").write_text(json.dumps({"held_out": {"fve": 0.8, "l0": 7.0}}))
    assert read_sae(folder).declared == {"fve": 0.8, "l0": 7.0}


def pre_6(folder: Path, tensors: dict[str, torch.Tensor], **more: Any) -> SaeFolder:
    """A folder as SAELens 3 to 5 laid it out, read."""
    folder.mkdir(exist_ok=True)
    save_file(tensors, folder / "sae_weights.safetensors")
    flat = {
        "d_in": WIDTH,
        "d_sae": LATENTS,
        "dtype": "torch.float32",
        "device": "cuda",
        "model_name": "gpt2-small",
        "hook_point": "blocks.8.hook_resid_pre",
        "hook_point_layer": 8,
        "activation_fn_str": "relu",
        "finetuning_scaling_factor": False,
        "context_size": 128,
    }
    (folder / "cfg.json").write_text(json.dumps(flat | more))
    return read_sae(folder)


def test_pre_6_is_flat_and_renamed(tmp_path: Path) -> None:
    sae = pre_6(tmp_path, W)
    codes = [naive.relu(before(x)) for x in X.tolist()]
    agrees(sae.coder, X, codes, outputs(codes))
    assert (sae.format, sae.hook_point, sae.model_name) == ("SAELens before 6", "blocks.8.hook_resid_pre", "gpt2-small")


def test_pre_6_topk_is_not_read_as_relu(tmp_path: Path) -> None:
    more = {"architecture": "standard", "activation_fn_str": "topk", "activation_fn_kwargs": {"k": 3}}
    codes = [naive.topk(before(x), 3) for x in X.tolist()]
    agrees(pre_6(tmp_path, W, **more).coder, X, codes, outputs(codes))
    with pytest.raises(BadSae, match="'tanh-relu'"):
        pre_6(tmp_path, W, activation_fn_str="tanh-relu")
    with pytest.raises(BadSae, match="k as None"):
        pre_6(tmp_path, W, activation_fn_str="topk")


def test_pre_6_normalisation_as_a_truth_value_asks_for_the_scale(tmp_path: Path) -> None:
    assert pre_6(tmp_path, W, normalize_activations=False).coder.width == LATENTS
    with pytest.raises(BadSae, match="norm_scaling_factor"):
        pre_6(tmp_path, W, normalize_activations=True)


def test_pre_6_scaling_factors_of_1_are_dropped_and_others_multiply_the_decoder(tmp_path: Path) -> None:
    codes = [naive.relu(before(x)) for x in X.tolist()]
    agrees(pre_6(tmp_path, {**W, "scaling_factor": torch.ones(LATENTS)}).coder, X, codes, outputs(codes))
    factor = {**W, "scaling_factor": positive()}
    scaled = [naive.times(f, positive().tolist()) for f in codes]
    agrees(pre_6(tmp_path, factor, finetuning_scaling_factor=True).coder, X, codes, outputs(scaled))
    with pytest.raises(BadSae, match="scaling_factor other than 1"):
        pre_6(tmp_path, factor)
