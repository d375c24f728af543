"""The gate lets a fitting SAE through and refuses others with the numbers."""

import dataclasses
import json
from pathlib import Path
from shutil import copytree

import pytest
import torch
from safetensors.torch import load_file, save_file

from saeserve.contract import Gate
from saeserve.declared import BadCard, declared_figures
from saeserve.fit import Fit, load_fit
from saeserve.formats.saelens import BadSae, write_saelens
from saeserve.gate import SaeDoesNotFit, check_gate
from saeserve.probe import NothingToProbe, Probe, probe
from tests.unit.saeserve import tiny
from tests.unit.saeserve.test_topk import a_coder

TEXTS = [record["text"] for record in tiny.documents(30, seed=99)]


def probed(fit: Fit) -> Probe:
    return probe(fit.model, fit.path, fit.sae.coder, TEXTS, context_tokens=60, declared=fit.declared)


@pytest.fixture(scope="module")
def gate(fit: Fit) -> Gate:
    return probed(fit).gate


def test_the_trained_sae_passes_and_is_near_its_card(gate: Gate) -> None:
    check_gate(gate)
    assert gate.fve == pytest.approx(gate.declared["fve"], abs=0.1)
    assert gate.l0 == pytest.approx(gate.declared["l0"], rel=0.05)


def test_spliced_cross_entropy_is_that_of_a_model_computed_by_hand(fit: Fit) -> None:
    from saeserve.quality import cross_entropy
    from saeserve.windows import batches, cut

    windows = list(cut(TEXTS[:2], fit.model.tokenizer, context_tokens=60))[:3]
    found = cross_entropy(
        fit.model, fit.path, fit.sae.coder, probed(fit).sinks,
        batches(windows, front_token=fit.model.front_token, device=torch.device("cpu")),
    )  # fmt: skip
    inner, losses = fit.model.network.model, []
    for window in windows:
        ids = torch.tensor([[fit.model.front_token, *window.ids.tolist()]])
        with torch.inference_mode():
            x = inner.embed_tokens(ids)
            at = torch.arange(ids.shape[1])[None]
            mask = torch.full((1, 1, ids.shape[1], ids.shape[1]), float("-inf")).triu(1)
            for number, block in enumerate(inner.layers):
                x = block(x, attention_mask=mask, position_embeddings=inner.rotary_emb(x, at), position_ids=at)
                if number == 1:
                    x[0, 1:] = fit.sae.coder.decode(fit.sae.coder.encode(x[0, 1:]))
            logits = fit.model.network.lm_head(inner.norm(x))[0]
        losses += torch.nn.functional.cross_entropy(logits[1:-1], ids[0, 2:], reduction="none").tolist()
    assert found.tokens == len(losses)
    assert found.with_sae == pytest.approx(sum(losses) / len(losses), rel=1e-4)
    assert found.model != found.with_sae


def test_an_sae_of_another_scale_is_refused_with_the_numbers(fit: Fit) -> None:
    coder = dataclasses.replace(fit.sae.coder, W_dec=fit.sae.coder.W_dec * 4)
    scaled = dataclasses.replace(fit, sae=dataclasses.replace(fit.sae, coder=coder))
    with pytest.raises(SaeDoesNotFit, match=r"fve is -?\d.*outside 0.25 to 1"):
        check_gate(probed(scaled).gate)


def test_an_sae_of_another_hook_point_is_refused(fit: Fit) -> None:
    with pytest.raises(SaeDoesNotFit, match="Check the hook point"):
        check_gate(probed(dataclasses.replace(fit, path="model.embed_tokens")).gate)


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"fve": 0.99}, "fve is .* where the card declares 0.99"),
        ({"l0": 60.0}, "l0 is 3 where the card declares 60"),
        ({"norm_ratio": 1.4}, "norm_ratio is .* where the card declares 1.4"),
        ({"ce_rise": -2.0}, "ce_rise is .* where the card declares -2"),
    ],
)
def test_figures_far_from_the_card_are_refused(gate: Gate, figures: dict[str, float], words: str) -> None:
    with pytest.raises(SaeDoesNotFit, match=words):
        check_gate(dataclasses.replace(gate, declared=figures))


def test_an_sae_of_the_wrong_width_is_refused(model_folder: Path, tmp_path: Path) -> None:
    write_saelens(tmp_path, a_coder(), metadata={"hf_hook_name": "model.layers.1"})
    with pytest.raises(BadSae, match=r"width 12; model\.layers\.1 of tiny has width 32"):
        load_fit(model_folder, tmp_path, dtype="float32", device="cpu")


def test_a_spoiled_card_is_refused(sae_folder: Path, tmp_path: Path) -> None:
    copied = copytree(sae_folder, tmp_path / "sae")
    for held_out in ({"fve": "high"}, {"fve": float("nan")}, ["fve"]):
        (copied / "card.json").write_text(json.dumps({"held_out": held_out}))
        with pytest.raises(BadCard, match="repair it or take it away"):
            declared_figures(copied)
    (copied / "card.json").unlink()
    assert declared_figures(copied) == {}


def test_weights_that_are_not_finite_in_the_model_are_refused(
    model_folder: Path, sae_folder: Path, tmp_path: Path
) -> None:
    copied = copytree(model_folder, tmp_path / "model")
    tensors = load_file(copied / "model.safetensors")
    tensors["model.layers.0.mlp.up_proj.weight"][:] = float("inf")
    save_file(tensors, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(NothingToProbe, match="not finite"):
        probed(load_fit(copied, sae_folder, dtype="float32", device="cpu"))


def test_a_corpus_of_one_token_is_refused(fit: Fit) -> None:
    with pytest.raises(NothingToProbe, match="too few tokens"):
        probe(fit.model, fit.path, fit.sae.coder, ["a"], context_tokens=60, declared={})
