"""The gate lets a fitting SAE through, and refuses each known mistake of loading one, with numbers and cause."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from saeserve.coders.linear import Linear
from saeserve.coders.relu import ReLU
from saeserve.coders.topk import TopK
from saeserve.coders.transcoder import Transcoder
from saeserve.contract import Gate
from saeserve.declared import BadCard, declared_figures
from saeserve.fit import Fit, load_fit, load_sae_for
from saeserve.formats.folder import SaeFolder
from saeserve.gate import FEW_TOKENS, SaeDoesNotFit, check_gate, measured_figures
from saeserve.hook_points import HookPoint, resolve
from saeserve.hooks import capture
from saeserve.language_model import load_language_model
from saeserve.probe import NO_NEXT_TOKEN, NOTHING_FOLLOWS, NotFinite, NothingToProbe, Probe, probe, probe_all
from saeserve.quality import reconstruction
from saeserve.sinks import sinks_of
from saeserve.windows import batches, cut
from tests.unit.saeserve import tiny, wrong_loadings
from tests.unit.saeserve.families import network_of
from tests.unit.saeserve.tokenizers_of_families import word_piece
from tests.unit.saeserve.wrong_loadings import at, with_coder

TEXTS = [record["text"] for record in tiny.documents(30, seed=99)]
WIDTH, LATENTS, FIRING = 128, 512, 5
Mistake = Callable[[TopK, Tensor], Linear]


def probed(fit: Fit, texts: list[str] = TEXTS) -> Probe:
    return probe(fit, texts, context_tokens=60, sink_norm_multiple=6.0)


def gate_of(coder: Linear, activations: Tensor, declared: dict[str, float] | None = None) -> Gate:
    """What a probe of these activations says where the model predicts nothing."""
    found = reconstruction(coder, activations)
    return Gate(
        tokens=found.tokens,
        fve=found.fve,
        l0=found.l0,
        dead_share=found.dead / coder.width,
        norm_ratio=found.norm_ratio,
        ce=None,
        ce_with_sae=None,
        declared=declared or {},
    )


@pytest.fixture(scope="module")
def planted() -> tuple[TopK, Tensor]:
    """Activations made of five of 512 known directions and a mean; and the SAE that knows them.

    As in the reference model's residual stream, the mean is most of the norm, directions lean towards it, and
    the norm is about nine times the square root of the width.
    """
    chance = torch.Generator().manual_seed(4)
    mean = torch.randn(WIDTH, generator=chance)
    mean /= mean.norm()
    rows = torch.randn(LATENTS, WIDTH, generator=chance) + 4 * mean
    rows /= rows.norm(dim=1, keepdim=True)
    tokens = 3_000
    firing = torch.stack([torch.randperm(LATENTS, generator=chance)[:FIRING] for _ in range(tokens)])
    values = 15 + 10 * torch.rand(tokens, FIRING, generator=chance)
    activations = 60 * mean + torch.einsum("tk,tkw->tw", values, rows[firing])
    # A leaning row reads every other firing through the mean: that much is taken off again by the bias.
    bias = torch.full((LATENTS,), -80 * float((rows @ rows.T).fill_diagonal_(0).mean()))
    return TopK(W_enc=rows.T.contiguous(), b_enc=bias, W_dec=rows, b_dec=60 * mean, k=FIRING), activations


def test_an_sae_that_knows_the_directions_passes(planted: tuple[TopK, Tensor]) -> None:
    coder, activations = planted
    check_gate(gate_of(coder, activations), coder)
    jumping = wrong_loadings.with_a_threshold(coder, activations)
    check_gate(gate_of(jumping, activations), jumping)


@pytest.mark.parametrize("mistake", [*wrong_loadings.MISTAKES, wrong_loadings.untrained])
def test_every_mistake_of_loading_is_caught_without_a_card(planted: tuple[TopK, Tensor], mistake: Mistake) -> None:
    coder, activations = planted
    wrong = mistake(coder, activations)
    with pytest.raises(SaeDoesNotFit, match=r"on 3,000 tokens of this corpus: (fve|norm_ratio|l0) is .*\. Likely: "):
        check_gate(gate_of(wrong, activations), wrong)


@pytest.mark.parametrize(
    ("mistake", "cause"),
    [
        (wrong_loadings.topk_read_as_relu, "its activation function or threshold was lost"),
        (wrong_loadings.threshold_dropped, "its activation function or threshold was lost"),
        (wrong_loadings.b_dec_not_subtracted, "scaled or centred otherwise than in its training"),
        (wrong_loadings.decoder_transposed, "the rows of its decoder are not in the order of its encoder"),
        (wrong_loadings.latents_permuted, "the rows of its decoder are not in the order of its encoder"),
        (wrong_loadings.of_another_space, "it belongs to another model or hook point"),
    ],
)
def test_the_likely_cause_is_named(planted: tuple[TopK, Tensor], mistake: Mistake, cause: str) -> None:
    coder, activations = planted
    wrong = mistake(coder, activations)
    with pytest.raises(SaeDoesNotFit, match=cause):
        check_gate(gate_of(wrong, activations), wrong)


def test_a_firing_too_rare_or_too_even_is_refused(planted: tuple[TopK, Tensor]) -> None:
    coder, activations = planted
    gate = gate_of(coder, activations)
    with pytest.raises(SaeDoesNotFit, match=r"l0 is 0\.2, below 0\.5.*come in smaller than those"):
        check_gate(replace(gate, l0=0.2), coder)
    with pytest.raises(SaeDoesNotFit, match="alive latents over l0 is 4, below 8"):
        check_gate(replace(gate, dead_share=1 - 20 / LATENTS), coder)


def test_a_small_batch_does_not_refuse_a_good_sae(planted: tuple[TopK, Tensor]) -> None:
    coder, activations = planted
    declared = measured_figures(gate_of(coder, activations))
    for tokens in (2, 3, 5, 10, 30, 100, FEW_TOKENS):
        for first in range(0, 1_000, 50):
            check_gate(gate_of(coder, activations[first : first + tokens], declared), coder)


def test_a_low_fve_is_let_through_only_where_the_model_predicts_as_well_with_it(planted: tuple[TopK, Tensor]) -> None:
    coder, activations = planted
    end_to_end = replace(gate_of(coder, activations), fve=-0.2, norm_ratio=0.4, ce=3.0, ce_ablated=8.0)
    check_gate(replace(end_to_end, ce_with_sae=3.2), coder)
    with pytest.raises(SaeDoesNotFit, match=r"fve is -0.2, below 0.3; norm_ratio is 0.4, below 0.5"):
        check_gate(replace(end_to_end, ce_with_sae=3.3), coder)
    with pytest.raises(SaeDoesNotFit, match=r"ce_recovered is 0.4, below 0.5"):
        check_gate(replace(end_to_end, fve=0.9, norm_ratio=1.0, ce_with_sae=6.0), coder)
    # One MLP costs little to lose: what is recovered of that says nothing, for or against.
    check_gate(replace(end_to_end, fve=0.9, norm_ratio=1.0, ce_ablated=3.1, ce_with_sae=3.2), coder)
    with pytest.raises(SaeDoesNotFit, match=r"fve is -0.2"):
        check_gate(replace(end_to_end, ce_ablated=3.1, ce_with_sae=3.0), coder)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"fve": 0.99}, "fve is .* where the SAE declares 0.99"),
        ({"l0": 60.0}, "l0 is 5 where the SAE declares 60"),
        ({"l0": 2.0}, "l0 is 5 where the SAE declares 2.*threshold was lost"),
        ({"norm_ratio": 1.4}, "norm_ratio is .* where the SAE declares 1.4"),
        ({"ce_rise": -2.0}, "ce_rise is 0.1 where the SAE declares -2"),
    ],
)
def test_figures_far_from_the_declared_are_refused(
    planted: tuple[TopK, Tensor], declared: dict[str, float], words: str
) -> None:
    coder, activations = planted
    gate = replace(gate_of(coder, activations, declared), fve=0.7, ce=3.0, ce_with_sae=3.1, ce_ablated=8.0)
    with pytest.raises(SaeDoesNotFit, match=words):
        check_gate(gate, coder)


def test_a_share_of_dead_latents_is_not_compared_for_it_depends_on_the_number_of_tokens(
    planted: tuple[TopK, Tensor],
) -> None:
    coder, activations = planted
    check_gate(gate_of(coder, activations, {"dead_share": 0.9}), coder)


@pytest.fixture(scope="module")
def gate(fit: Fit) -> Gate:
    return probed(fit).gate


def test_the_trained_sae_passes_and_is_near_its_card(gate: Gate, fit: Fit) -> None:
    check_gate(gate, fit.sae.coder)
    assert gate.fve == pytest.approx(gate.declared["fve"], abs=0.1)
    assert gate.l0 == pytest.approx(gate.declared["l0"], rel=0.05)
    assert gate.note == ""


def test_an_sae_at_another_hook_point_of_the_model_is_refused(fit: Fit) -> None:
    wrong = at(fit, "model.embed_tokens")
    with pytest.raises(SaeDoesNotFit, match="or the hook point is another one"):
        check_gate(probed(wrong).gate, wrong.sae.coder)


def test_several_saes_are_measured_as_if_each_were_alone(fit: Fit) -> None:
    wrong = at(fit, "model.layers.3")
    together = probe_all([fit, wrong], TEXTS, context_tokens=60, sink_norm_multiple=6.0)
    for found, alone in zip(together, (probed(fit), probed(wrong)), strict=True):
        assert found.gate == alone.gate
        assert found.sinks == alone.sinks
        assert found.edges.tolist() == alone.edges.tolist()


def test_a_long_document_does_not_fill_the_batch(fit: Fit) -> None:
    long = " ".join(TEXTS) * 20
    mixed, others = probed(fit, [long, *TEXTS]).gate, probed(fit).gate
    assert mixed.tokens == pytest.approx(6_000, abs=60)
    assert mixed.fve == pytest.approx(others.fve, abs=0.03)


def test_the_histogram_lies_about_the_median_firing(fit: Fit) -> None:
    edges = probed(fit).edges
    coder = fit.sae.coder
    ids = torch.tensor([fit.model.tokenizer(TEXTS[0])["input_ids"]])
    values = coder.encode(fit.model.network(ids, output_hidden_states=True).hidden_states[2][0]).values
    assert edges[0] * 8 < float(values.median()) < edges[-1] / 8
    assert edges[2:] / edges[:-2] == pytest.approx(2.0)


def test_a_model_that_predicts_nothing_is_probed_without_cross_entropy(fit: Fit) -> None:
    encoder = replace(fit, model=replace(fit.model, predicts_next=False))
    found = probed(encoder).gate
    assert (found.ce, found.ce_with_sae, found.ce_ablated, found.note) == (None, None, None, NO_NEXT_TOKEN)
    assert found.fve == probed(fit).gate.fve


def test_a_real_encoder_is_probed_without_cross_entropy(tmp_path: Path) -> None:
    tokenizer = word_piece()
    network_of("bert").save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model = load_language_model(tmp_path, dtype="float32")
    chance = torch.Generator().manual_seed(1)
    rows = torch.nn.functional.normalize(torch.randn(64, model.width, generator=chance), dim=1)
    coder = TopK(W_enc=rows.T.contiguous(), b_enc=torch.zeros(64), W_dec=rows, b_dec=torch.zeros(model.width), k=8)
    point = resolve(model.network, "blocks.1.hook_resid_post")
    sae = SaeFolder(coder=coder, hook_point=str(point), output_hook_point=str(point), model_name="", format="made here")
    found = probed(Fit(model, sae, point, point, "", {})).gate
    assert (found.ce, found.ce_with_sae, found.ce_ablated, found.note) == (None, None, None, NO_NEXT_TOKEN)
    assert found.l0 == pytest.approx(8.0, abs=0.1)
    assert found.fve != 0.0


def test_a_transcoder_is_compared_with_what_stands_where_it_writes(fit: Fit) -> None:
    """One that copies the MLP's input explains the MLP's output badly, and its input perfectly."""
    width = fit.model.width
    eye = torch.eye(width)
    inner = ReLU(
        W_enc=torch.cat([eye, -eye], dim=1), b_enc=torch.zeros(2 * width), W_dec=torch.cat([eye, -eye]),
        b_dec=torch.zeros(width), subtract_b_dec=False,
    )  # fmt: skip
    sae = replace(fit.sae, coder=Transcoder(inner))
    read, written = HookPoint("model.layers.1.mlp", "input"), HookPoint("model.layers.1.mlp")
    copying = replace(fit, sae=sae, point=read, output_point=read, declared={})
    found, wrong = probed(copying).gate, probed(replace(copying, output_point=written)).gate
    assert found.fve == pytest.approx(1.0)
    assert found.norm_ratio == pytest.approx(1.0)
    assert found.ce_with_sae == pytest.approx(found.ce, rel=1e-4)
    assert wrong.fve < 0.3
    assert wrong.l0 == found.l0


def test_documents_of_one_token_leave_cross_entropy_undefined(fit: Fit) -> None:
    tokens = [fit.model.tokenizer.decode([number]) for number in range(300, 340)]
    single = [text for text in tokens if len(fit.model.tokenizer(text)["input_ids"]) == 1]
    found = probed(fit, single).gate
    assert (found.ce, found.note) == (None, NOTHING_FOLLOWS)


def test_a_corpus_of_one_token_or_of_one_word_again_and_again_is_refused(fit: Fit) -> None:
    with pytest.raises(NothingToProbe, match="too few tokens"):
        probed(fit, ["a"])
    with pytest.raises(NothingToProbe, match="the same token again and again"):
        probed(fit, ["a", "a", "a"])


def test_weights_that_are_not_finite_in_the_model_are_refused(
    model_folder: Path, sae_folder: Path, tmp_path: Path
) -> None:
    copied = copytree(model_folder, tmp_path / "model")
    tensors = load_file(copied / "model.safetensors")
    tensors["model.layers.0.mlp.up_proj.weight"][:] = float("inf")
    save_file(tensors, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(NotFinite, match="the dtype is too narrow"):
        probed(load_fit(copied, sae_folder, dtype="float32", device="cpu"))


def test_a_reconstruction_that_overflows_is_refused(fit: Fit) -> None:
    coder = fit.sae.coder
    assert isinstance(coder, TopK)
    with pytest.raises(NotFinite, match="reconstruction is not finite"):
        probed(with_coder(fit, replace(coder, W_dec=coder.W_dec * 1e38, W_enc=coder.W_enc * 1e10)))


def test_a_spoiled_card_is_refused(sae_folder: Path, tmp_path: Path) -> None:
    copied = copytree(sae_folder, tmp_path / "sae")
    for held_out in ({"fve": "high"}, {"fve": float("nan")}, ["fve"]):
        (copied / "card.json").write_text(json.dumps({"held_out": held_out}))
        with pytest.raises(BadCard, match="repair it or take it away"):
            declared_figures(copied)
    (copied / "card.json").unlink()
    assert declared_figures(copied) == {}


def test_another_sae_of_the_model_can_be_loaded_beside_the_first(fit: Fit, sae_folder: Path) -> None:
    assert probed(load_sae_for(fit.model, sae_folder)).gate == probed(fit).gate


# The same mistakes with the reference model, its shipped SAE and the notes of the demo.
DEMO = Path(__file__).resolve().parents[3] / "demo"


@pytest.fixture(scope="module")
def shipped(reference_folder: Path) -> Fit:
    return load_fit(reference_folder, DEMO / "saes" / "layer-18", dtype="bfloat16", device="cpu")


@pytest.fixture(scope="module")
def notes() -> list[str]:
    """Two notes of each specialty."""
    files = sorted((DEMO / "notes").glob("*.jsonl"))
    return [json.loads(line)["text"] for file in files for line in file.read_text().splitlines()[:2]]


@pytest.fixture(scope="module")
def activations(shipped: Fit, notes: list[str]) -> Tensor:
    """Of about 3,000 tokens, sinks left out."""
    windows = list(cut(notes, shipped.model.tokenizer, context_tokens=255, overlap_tokens=0))[:12]
    found = torch.cat(
        [
            batch.real(capture(shipped.model.network, [shipped.point], batch.ids, batch.mask)[0])
            for batch in batches(windows, model=shipped.model)
        ]
    )
    return found[sinks_of(found, multiple=6.0, point=shipped.point).keep(found)].float()


@pytest.mark.model
def test_the_shipped_sae_passes_on_notes_that_it_has_never_seen(shipped: Fit, notes: list[str]) -> None:
    found = probe(shipped, notes[:8], context_tokens=255, sink_norm_multiple=6.0).gate
    check_gate(found, shipped.sae.coder)
    assert measured_figures(found)["ce_recovered"] > 0.95


@pytest.mark.model
@pytest.mark.parametrize("mistake", wrong_loadings.MISTAKES)
def test_every_mistake_of_loading_the_shipped_sae_is_caught(
    shipped: Fit, activations: Tensor, mistake: Mistake
) -> None:
    coder = shipped.sae.coder
    assert isinstance(coder, TopK)
    check_gate(gate_of(coder, activations, shipped.declared), coder)
    wrong = mistake(coder, activations)
    with pytest.raises(SaeDoesNotFit):
        check_gate(gate_of(wrong, activations, shipped.declared), wrong)


@pytest.mark.model
def test_random_directions_in_the_reference_model_are_caught_without_a_card(shipped: Fit, activations: Tensor) -> None:
    coder = shipped.sae.coder
    assert isinstance(coder, TopK)
    wrong = wrong_loadings.untrained(coder, activations)
    with pytest.raises(SaeDoesNotFit, match="fve is"):
        check_gate(gate_of(wrong, activations), wrong)


@pytest.mark.model
@pytest.mark.walks  # wrong layers of the tiny model are refused above
@pytest.mark.parametrize("blocks_away", [-10, 10])
def test_the_shipped_sae_is_refused_at_another_block(shipped: Fit, notes: list[str], blocks_away: int) -> None:
    block = int(shipped.point.path.rsplit(".", 1)[1]) + blocks_away
    wrong = at(shipped, f"model.layers.{min(max(block, 0), shipped.model.blocks - 1)}")
    with pytest.raises(SaeDoesNotFit):
        check_gate(probe(wrong, notes[:4], context_tokens=255, sink_norm_multiple=6.0).gate, wrong.sae.coder)
