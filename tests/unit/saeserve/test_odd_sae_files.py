"""Whatever stands in an SAE's configuration or tensors, it is read or refused in a sentence, never a traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from saeserve.formats.folder import BadSae
from saeserve.formats.read import read_sae
from tests.unit.saeserve import (
    test_gemma_scope_formats,
    test_llama_scope_formats,
    test_pickled_formats,
    test_saelens_format,
    test_sparsify_format,
)
from tests.unit.saeserve.made_up_saes import WIDTH, activations, positive, weights

W = weights()
ODD: list[Any] = [None, "x", "", -1, 0, 1.5, 1e400, True, [], [1], {}, {"k": []}, 10**12]
ODD_TENSORS = [
    torch.zeros(0),
    torch.tensor(3.0),
    torch.zeros(7),
    torch.zeros(2, 3, 4),
    torch.ones(20, WIDTH, dtype=torch.int64),
    torch.ones(WIDTH, 20, dtype=torch.bool),
    torch.ones(20, dtype=torch.float64) * 1e300,
    torch.ones(20, WIDTH, dtype=torch.float8_e4m3fn),
]
JUMP = {**W, "threshold": positive()}
Make = Callable[[Path], Path]
MATRYOSHKA = {**W, "topk_threshold": torch.tensor(1.2, dtype=torch.float64)}
FOLDERS: dict[str, tuple[Make, str]] = {
    "saelens topk": (lambda f: test_saelens_format.version_6(f, "topk", W, k=3), "cfg.json"),
    "saelens matryoshka": (
        lambda f: test_saelens_format.version_6(f, "matryoshka_batchtopk", MATRYOSHKA, matryoshka_widths=[4, 20]),
        "cfg.json",
    ),
    "sparsify": (lambda f: test_sparsify_format.written(f, test_sparsify_format.stored(W)), "cfg.json"),
    "gemma scope 2": (lambda f: test_gemma_scope_formats.gemma_3(f, JUMP), "config.json"),
    "dictionary_learning": (
        lambda f: test_pickled_formats.trained(f, "BatchTopKSAE", test_pickled_formats.CLASSES["BatchTopKSAE"]),
        "config.json",
    ),
    "llama scope": (lambda f: test_llama_scope_formats.llama(f), "hyperparams.json"),
}


def read_or_refused(path: Path, **options: Any) -> None:
    """Reads and encodes, or raises nothing but BadSae."""
    try:
        sae = read_sae(path, options={"hook_point": "model.layers.1", **options})
    except BadSae:
        return
    x = activations(width=sae.coder.input_width)
    assert torch.isfinite(sae.coder.decode(sae.coder.encode(x), x)).all()


def places(config: dict[str, Any], *before: str) -> list[tuple[str, ...]]:
    """Every key of a configuration, nested ones too."""
    inner = [place for key, value in config.items() if isinstance(value, dict) for place in places(value, *before, key)]
    return [(*before, key) for key in config] + inner


@pytest.mark.parametrize("name", FOLDERS)
def test_odd_values_in_a_configuration(name: str, tmp_path: Path) -> None:
    make, file = FOLDERS[name]
    path = make(tmp_path) / file
    text = path.read_text()
    for place in [*places(json.loads(text)), ("activation_fn_kwargs",), ("metadata", "model_from_pretrained_kwargs")]:
        for odd in ODD:
            config = json.loads(text)
            holder = config
            for key in place[:-1]:
                holder = holder.setdefault(key, {})
            holder[place[-1]] = odd
            path.write_text(json.dumps(config))
            read_or_refused(tmp_path)


def test_odd_values_in_a_flat_configuration(tmp_path: Path) -> None:
    test_saelens_format.pre_6(tmp_path, W, activation_fn_str="topk", activation_fn_kwargs={"k": 3})
    text = (tmp_path / "cfg.json").read_text()
    for key in [*json.loads(text), "normalize_activations", "architecture", "model_from_pretrained_kwargs"]:
        for odd in ODD:
            (tmp_path / "cfg.json").write_text(json.dumps({**json.loads(text), key: odd}))
            read_or_refused(tmp_path)


def test_odd_tensors_in_safetensors(tmp_path: Path) -> None:
    for name in JUMP:
        for odd in ODD_TENSORS:
            changed = {**JUMP, name: odd}
            read_or_refused(test_saelens_format.version_6(tmp_path / "a", "jumprelu", changed))
            read_or_refused(test_gemma_scope_formats.gemma_3(tmp_path / "b", changed))
    for name in W:
        for odd in ODD_TENSORS:
            read_or_refused(sparsify_with(tmp_path / "c", name, odd))


def sparsify_with(folder: Path, name: str, odd: Tensor) -> Path:
    stored = test_sparsify_format.stored(W)
    stored[{"W_enc": "encoder.weight", "b_enc": "encoder.bias"}.get(name, name)] = odd
    return test_sparsify_format.written(folder, stored)


def test_odd_arrays_in_npz(tmp_path: Path) -> None:
    path = tmp_path / "params.npz"
    for name in JUMP:
        for odd in ODD_TENSORS[:-1]:
            np.savez(path, **{key: (odd if key == name else value).numpy() for key, value in JUMP.items()})
            read_or_refused(path)
    np.savez(
        path, **{key: value.numpy().astype("U4") if key == "b_enc" else value.numpy() for key, value in JUMP.items()}
    )
    read_or_refused(path)


@pytest.mark.parametrize("name", test_pickled_formats.CLASSES)
def test_odd_values_in_a_pickle_of_dictionary_learning(name: str, tmp_path: Path) -> None:
    held = test_pickled_formats.CLASSES[name]
    for key in held:
        for odd in [*ODD, *ODD_TENSORS]:
            read_or_refused(test_pickled_formats.trained(tmp_path, name, {**held, key: odd}))


def test_odd_values_in_a_pickle_of_openai(tmp_path: Path) -> None:
    held = {**test_pickled_formats.OPENAI, **test_pickled_formats.TOPK}
    for key in held:
        for odd in [*ODD, *ODD_TENSORS, {"k": "x"}, {"k": 3, "postact_fn": []}]:
            read_or_refused(test_pickled_formats.saved(tmp_path / "8.pt", {**held, key: odd}))


def test_odd_options(tmp_path: Path) -> None:
    folder = test_saelens_format.version_6(tmp_path, "standard", W, normalize_activations="expected_average_only_in")
    for odd in ODD:
        for option in ("norm_scaling_factor", "l0", "hook_point", "output_hook_point"):
            read_or_refused(folder, **{"norm_scaling_factor": 2.0, option: odd})


def test_a_truncated_pickle_is_damaged_and_accused_of_nothing(tmp_path: Path) -> None:
    path = test_pickled_formats.saved(tmp_path / "8.pt", {**test_pickled_formats.OPENAI, **test_pickled_formats.TOPK})
    whole = path.read_bytes()
    for length in (len(whole) - 30, len(whole) // 2, 10, 0):
        path.write_bytes(whole[:length])
        with pytest.raises(BadSae, match="is damaged"):
            read_sae(path)


def test_tensors_in_a_safetensors_file_of_another_kind(tmp_path: Path) -> None:
    save_file({"anything": torch.zeros(2)}, tmp_path / "sae_weights.safetensors")
    (tmp_path / "cfg.json").write_text("{}")
    read_or_refused(tmp_path)


def test_a_switch_that_is_neither_true_nor_false_is_refused(tmp_path: Path) -> None:
    for key, odd in (("apply_b_dec_to_input", "no"), ("rescale_acts_by_decoder_norm", 1)):
        folder = test_saelens_format.version_6(tmp_path / "saelens", "topk", W, **{"k": 3, key: odd})
        with pytest.raises(BadSae, match=f"gives {key} as {odd!r}; it must be true or false"):
            read_sae(folder)
    folder = test_sparsify_format.written(tmp_path / "layers.1", test_sparsify_format.stored(W), transcode="no")
    with pytest.raises(BadSae, match="gives transcode as 'no'"):
        read_sae(folder)
