"""`saeserve train` from corpus to report: held-out documents stay out, every figure can be measured again."""

import argparse
import dataclasses
import json
import math
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from saeserve.cli import main
from saeserve.contract import DOCUMENT_FIELDS
from saeserve.fit import Fit, load_fit
from saeserve.hook_points import HookPoint, resolve
from saeserve.language_model import LanguageModel, load_language_model
from saeserve.quality import NextToken, Reconstruction
from saeserve.refusal import Refusal
from saeserve.sinks import SINK_MULTIPLE, Sinks
from saeserve.train import command
from saeserve.train.activations import Place
from saeserve.train.card import CARD_FILE
from saeserve.train.checkpoint import BadCheckpoint
from saeserve.train.measure import Measured
from saeserve.train.paired import difference
from saeserve.train.plan import TooLittleText, TrainPlan, split
from saeserve.train.recipe import BadRecipe, Recipe
from saeserve.train.run import folder_name, train_saes
from saeserve.train.survey import certain_documents, documents_with
from saeserve.train.sweep import Candidate, best, recipes
from saeserve.train.write import PAGE_FILE, README_FILE, REPORT_FILE
from saeserve.windows import Window
from tests.unit.saeserve import tiny


def silent(line: str) -> None:
    pass


@pytest.fixture(scope="session")
def model(model_folder: Path) -> LanguageModel:
    return load_language_model(model_folder, dtype="float32")


@pytest.fixture(scope="session")
def report(sae_folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((sae_folder / REPORT_FILE).read_text())
    return found


@dataclasses.dataclass
class Witness:
    """The held-out tokens found window by window through transformers' own hidden states, and their dense codes."""

    activations: Tensor
    token_ids: Tensor
    codes: Tensor
    rebuilt: Tensor


@pytest.fixture(scope="session")
def witness(plan: TrainPlan, fit: Fit) -> Witness:
    train_part, held_out = split(plan, fit.model.tokenizer)
    limit = SINK_MULTIPLE * float(
        torch.cat([hidden(fit.model, w) for w in train_part.windows[:32]]).norm(dim=1).median()
    )
    rows, ids = [], []
    for window in held_out.windows:
        found = hidden(fit.model, window)
        kept = found.norm(dim=1) <= limit
        rows.append(found[kept])
        ids.append(torch.from_numpy(window.ids)[kept])
    activations = torch.cat(rows).half().float()
    weights = load_file(plan.into / "sae_weights.safetensors")
    before = (activations - weights["b_dec"]) @ weights["W_enc"] + weights["b_enc"]
    border = before.sort(dim=1, descending=True).values[:, plan.recipe.k - 1 : plan.recipe.k]
    codes = before.relu() * (before >= border)
    return Witness(activations, torch.cat(ids), codes, codes @ weights["W_dec"] + weights["b_dec"])


@torch.no_grad()
def hidden(model: LanguageModel, window: Window) -> Tensor:
    ids = torch.tensor([[*model.front, *window.ids.tolist()]])
    states = model.network(input_ids=ids, output_hidden_states=True).hidden_states
    return states[2][0, len(model.front) :]  # after block 1


def test_reconstruction_is_that_of_the_held_out_tokens(report: dict[str, Any], witness: Witness) -> None:
    held = report["card"]["held_out"]
    error, exact = witness.activations - witness.rebuilt, witness.activations
    assert held["tokens"] == len(exact)
    fve = 1 - float(error.square().sum() / (exact - exact.mean(dim=0)).square().sum())
    assert held["fve"] == pytest.approx(fve, abs=2e-4)
    assert held["l0"] == pytest.approx(float((witness.codes > 0).sum(dim=1).float().mean()), abs=2e-3)
    assert held["norm_ratio"] == pytest.approx(
        float(witness.rebuilt.norm(dim=1).mean() / exact.norm(dim=1).mean()), abs=2e-4
    )
    assert held["dead_latents"] == int((witness.codes > 0).sum(dim=0).eq(0).sum()) == report["density"]["dead"]


def test_the_density_plot_counts_every_live_latent_once(report: dict[str, Any], witness: Witness) -> None:
    density = report["density"]
    shares = (witness.codes > 0).double().mean(dim=0)
    expected = [0] * len(density["latents"])
    for share in shares[shares > 0].tolist():
        place = sum(1 for edge in density["edges"][1:-1] if math.log10(share) >= edge)
        expected[place] += 1
    assert density["latents"] == expected
    assert sum(expected) + density["dead"] == 256
    assert density["above_tenth"] == int((shares > 0.1).sum())
    assert density["median"] == pytest.approx(float(shares[shares > 0].median()), rel=5e-3)


def test_distinctness_is_counted_pair_by_pair(report: dict[str, Any], witness: Witness, plan: TrainPlan) -> None:
    found = report["distinctness"]
    rows = load_file(plan.into / "sae_weights.safetensors")["W_dec"]
    rows = rows / rows.norm(dim=1, keepdim=True)
    alive = [latent for latent in range(256) if (witness.codes[:, latent] > 0).any()]
    near = 0
    for one in alive:
        cosines = [float(rows[one] @ rows[other]) for other in alive if other != one]
        near += max(cosines) > found["near_duplicate_above"]
    assert (found["live_latents"], found["near_duplicates"]) == (len(alive), near)
    tops: dict[int, frozenset[int]] = {}
    for latent in alive:
        sums: dict[int, float] = {}
        for token, value in zip(witness.token_ids.tolist(), witness.codes[:, latent].double().tolist(), strict=True):
            if value > 0:
                sums[token] = sums.get(token, 0.0) + value
        if len(sums) >= found["top_tokens"]:
            tops[latent] = frozenset(sorted(sums, key=lambda token: (-sums[token], token))[: found["top_tokens"]])
    shared = sum(1 for one in tops if any(tops[one] == tops[other] for other in tops if other != one))
    assert (found["with_top_tokens"], found["sharing_top_tokens"]) == (len(tops), shared)


def test_the_rise_of_cross_entropy_is_that_of_the_spliced_model(
    report: dict[str, Any], plan: TrainPlan, fit: Fit
) -> None:
    held, (_, held_out) = report["card"]["held_out"], split(plan, fit.model.tokenizer)
    limit = report["card"]["training"]["sink_norm"]
    coder, network, losses = fit.sae.coder, fit.model.network, {"plain": 0.0, "spliced": 0.0}
    tokens = 0

    def swap(_module: Any, _inputs: Any, output: Any) -> Any:
        state = (output[0] if isinstance(output, tuple) else output).clone()
        for place in range(1, state.shape[1]):
            if float(state[0, place].norm()) <= limit:
                one = state[0, place : place + 1]
                state[0, place] = coder.decode(coder.encode(one), one)[0]
        return (state, *output[1:]) if isinstance(output, tuple) else state

    for window in held_out.windows:
        ids = torch.tensor([[*fit.model.front, *window.ids.tolist()]])
        for name in losses:
            handle = network.get_submodule(tiny.HOOK_POINT).register_forward_hook(swap) if name == "spliced" else None
            with torch.no_grad():
                logits = network(input_ids=ids).logits[0].log_softmax(dim=1)
            if handle:
                handle.remove()
            losses[name] -= sum(float(logits[at - 1, ids[0, at]]) for at in range(2, ids.shape[1]))
        tokens += len(window) - 1
    assert held["ce_tokens"] == tokens
    assert held["ce"] == pytest.approx(losses["plain"] / tokens, abs=2e-4)
    assert held["ce_with_sae"] == pytest.approx(losses["spliced"] / tokens, abs=1e-3)
    assert held["ce_rise"] == pytest.approx((losses["spliced"] - losses["plain"]) / tokens, abs=1e-3)


def test_the_minimum_activation_criterion_never_counts_a_document_too_many(plan: TrainPlan, fit: Fit) -> None:
    train_part, _ = split(plan, fit.model.tokenizer)
    seen = torch.zeros(len(train_part.documents), 256, dtype=torch.bool)
    for window in train_part.windows:
        codes = fit.sae.coder.encode(hidden(fit.model, window).half().float())
        seen[window.document, codes.latents] = True
    (folder,) = (path for path in plan.cache.iterdir() if path.is_dir())
    place = Place(HookPoint(tiny.HOOK_POINT), Sinks(1.0, HookPoint(tiny.HOOK_POINT)), folder)
    counts = documents_with(fit.sae.coder, place, train_part, device="cpu")
    exact = seen.sum(dim=0)
    assert (counts <= exact).all()
    assert int(counts.sum()) >= 0.9 * int(exact.sum())


def test_rows_next_to_a_dropped_token_belong_to_no_certain_document() -> None:
    windows = [a_window(4, document=7), a_window(3, document=8)]
    assert certain_documents(windows, 7).tolist() == [7, 7, 7, 7, 8, 8, 8]
    assert certain_documents(windows, 6).tolist() == [7, 7, 7, -1, 8, 8]
    assert certain_documents(windows, 5).tolist() == [7, 7, -1, -1, 8]


def a_window(tokens: int, *, document: int) -> Window:
    places = np.arange(tokens)
    return Window(document, places, places, places + 1)


def test_card_readme_and_page_say_the_same(report: dict[str, Any], sae_folder: Path) -> None:
    card = json.loads((sae_folder / CARD_FILE).read_text())
    assert card == report["card"]
    readme, html = (sae_folder / README_FILE).read_text(), (sae_folder / PAGE_FILE).read_text()
    for figure in ("ce", "ce_with_sae", "ce_with_mean", "ce_rise_error"):
        assert str(card["held_out"][figure]) in readme
        assert str(card["held_out"][figure]) in html
    assert f"{card['held_out']['fve']:.1%}" in html
    assert str(card["held_out"]["fve"]) in readme
    assert card["command"] in readme
    assert card["command"] in html


def test_the_page_needs_nothing_from_outside_and_runs_nothing(sae_folder: Path) -> None:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attributes: Any) -> None:
            assert tag not in {"script", "link", "iframe", "img", "object"}
            assert not {name for name, _ in attributes} & {"src", "href", "onclick", "onload"}
            if tag not in {"meta", "rect", "circle", "line"}:
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attributes: Any) -> None:
            assert tag in {"rect", "circle", "line"}

        def handle_endtag(self, tag: str) -> None:
            if tag in {"rect", "circle"}:
                return
            assert self.open.pop() == tag

    text = (sae_folder / PAGE_FILE).read_text()
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme:dark" in text


def test_no_text_of_the_corpus_is_in_the_folder(sae_folder: Path, corpus_file: Path) -> None:
    written = "".join(path.read_text() for path in sae_folder.iterdir() if path.suffix in {".json", ".md", ".html"})
    for line in corpus_file.read_text().splitlines():
        words = json.loads(line)["text"].split()
        assert not any(" ".join(words[at : at + 4]) in written for at in range(len(words) - 3))


def test_held_out_documents_are_not_trained_on(plan: TrainPlan, model: LanguageModel) -> None:
    train_part, held_out = split(plan, model.tokenizer)
    ids = [{document.id for document in part.documents} for part in (train_part, held_out)]
    assert not ids[0] & ids[1]
    assert {part.documents[window.document].id for part in (train_part,) for window in part.windows} == ids[0]


def test_all_documents_of_a_patient_stand_on_one_side(
    plan: TrainPlan, model: LanguageModel, corpus_file: Path, tmp_path: Path
) -> None:
    records = [json.loads(line) for line in corpus_file.read_text().splitlines()]
    assert "patient" in DOCUMENT_FIELDS
    for number, record in enumerate(records):
        record["patient"] = f"patient {number % 9}"
    corpus = tiny.write_jsonl(tmp_path / "notes.jsonl", records)
    train_part, held_out = split(dataclasses.replace(plan, corpus=corpus, train_tokens=2_500), model.tokenizer)
    patients = [{document.patient for document in part.documents} for part in (train_part, held_out)]
    assert patients[0]
    assert patients[1]
    assert not patients[0] & patients[1]
    for part in (train_part, held_out):
        for patient in {document.patient for document in part.documents}:
            assert sum(record["patient"] == patient for record in records) == sum(
                document.patient == patient for document in part.documents
            )


def test_another_seed_holds_out_other_documents(plan: TrainPlan, model: LanguageModel) -> None:
    held = [split(dataclasses.replace(plan, seed=seed), model.tokenizer)[1].documents for seed in (1, 1, 2)]
    assert held[0] == held[1] != held[2]


def test_several_hook_points_in_one_pass_give_what_each_gives_alone(
    plan: TrainPlan, sae_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = dataclasses.replace(
        plan,
        hook_points=("blocks.2.hook_resid_post", tiny.HOOK_POINT),
        into=tmp_path / "saes",
        cache=tmp_path / "cache",
    )
    folders = train_saes(both, command="x", say=silent)
    assert [folder.name for folder in folders] == ["layer-02", "layer-01"]
    alone, together = (load_file(folder / "sae_weights.safetensors") for folder in (sae_folder, folders[1]))
    for name, tensor in alone.items():
        assert torch.equal(tensor, together[name]), name
    assert load_fit(plan.model, folders[0], dtype="float32", device="cpu").point == HookPoint("model.layers.2")


def test_a_training_that_was_killed_goes_on_from_its_files(plan: TrainPlan, sae_folder: Path, tmp_path: Path) -> None:
    here = dataclasses.replace(plan, into=tmp_path / "sae", cache=tmp_path / "cache")

    class Killed(Exception):
        pass

    def kill(line: str) -> None:
        if line.startswith("measuring"):
            raise Killed

    with pytest.raises(Killed):
        train_saes(here, command="x", say=kill)
    assert not here.into.exists()
    said: list[str] = []
    train_saes(here, command="x", say=said.append)
    assert not [line for line in said if line.startswith(("activations", "training:"))]
    again, straight = (load_file(folder / "sae_weights.safetensors") for folder in (here.into, sae_folder))
    assert all(torch.equal(again[name], straight[name]) for name in straight)


def test_a_checkpoint_of_another_training_is_refused(plan: TrainPlan, sae_folder: Path, tmp_path: Path) -> None:
    (cached,) = (path for path in plan.cache.iterdir() if path.is_dir())
    (checkpoint,) = cached.glob("checkpoint-*")
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2])
    try:
        with pytest.raises(BadCheckpoint, match="delete it"):
            train_saes(dataclasses.replace(plan, into=tmp_path / "sae"), command="x", say=silent)
        assert not (tmp_path / "sae").exists()
    finally:
        checkpoint.write_bytes(whole)


def test_a_sweep_tries_all_and_keeps_one_by_the_criterion(plan: TrainPlan, sae_folder: Path, tmp_path: Path) -> None:
    tried = recipes(dataclasses.replace(plan.recipe, epochs=4), ["architecture=topk,relu", "k=3,6", "width=64"])
    assert [recipe.label for recipe in tried] == [
        "topk, k 3, 64 latents",
        "topk, k 6, 64 latents",
        "relu, L1 4, 64 latents",
    ]
    here = dataclasses.replace(plan, into=tmp_path / "sae", tried=tried, tried_tokens=2_000, l0_limit=4.0)
    said: list[str] = []
    train_saes(here, command="x", say=said.append)
    report = json.loads((here.into / REPORT_FILE).read_text())
    assert [one["kept"] for one in report["sweep"]["candidates"]] == [True, False, False]
    assert "kept: topk, k 3, 64 latents" in said
    training = report["card"]["training"]
    assert (training["recipe"], training["epochs"]) == ("topk, k 3, 64 latents", plan.recipe.epochs)
    assert training["tokens"] > 2_000
    assert "L0" in report["card"]["chosen_by"]
    html = (here.into / PAGE_FILE).read_text()
    assert all(one["recipe"] in html for one in report["sweep"]["candidates"])
    assert report["cost"]["seconds"] >= 0


def candidate(name: int, *, l0: float, fve: float, nats: list[float] | None, dead: int = 0) -> Candidate:
    quality = Reconstruction(100, fve, l0, 1.0, torch.tensor([0] * dead + [1] * (4 - dead)), 0)
    plain = None if nats is None else [NextToken(10, 3.0)] * len(nats)
    spliced = None if nats is None else [NextToken(10, value) for value in nats]
    return Candidate(Recipe(seed=name), 100, Measured(quality, plain, spliced), 1.0)


def test_the_criterion_is_the_rise_then_the_variance_explained_then_the_dead() -> None:
    good = candidate(1, l0=30, fve=0.8, nats=[3.1, 3.1, 3.1])
    worse = candidate(2, l0=30, fve=0.9, nats=[3.2, 3.2, 3.3])
    as_good = candidate(3, l0=30, fve=0.85, nats=[3.0, 3.1, 3.21])
    dense = candidate(4, l0=90, fve=0.99, nats=[3.0, 3.0, 3.0])
    assert best([worse, good, dense], l0_limit=40) is good
    assert best([worse, good, as_good], l0_limit=40) is as_good
    assert best([worse, good, dense], l0_limit=100) is dense
    assert best([dense, worse], l0_limit=10) is worse
    with_dead = candidate(7, l0=30, fve=0.8019, nats=[3.1, 3.1, 3.1], dead=2)
    assert best([with_dead, good], l0_limit=40) is good
    clearly_better = candidate(8, l0=30, fve=0.8021, nats=[3.1, 3.1, 3.1], dead=2)
    assert best([clearly_better, good], l0_limit=40) is clearly_better
    assert (
        best([candidate(5, l0=3, fve=0.1, nats=None), candidate(6, l0=3, fve=0.2, nats=None)], l0_limit=9).recipe.seed
        == 6
    )


def test_a_difference_of_cross_entropies_has_documents_as_its_units() -> None:
    one = [NextToken(10, 3.0), NextToken(30, 3.4), NextToken(20, 3.1)]
    other = [NextToken(10, 2.9), NextToken(30, 3.1), NextToken(20, 3.0)]
    found = difference(one, other)
    assert found.mean == pytest.approx((10 * 0.1 + 30 * 0.3 + 20 * 0.1) / 60)
    left = [10 * (0.1 - 0.2), 30 * (0.3 - 0.2), 20 * (0.1 - 0.2)]
    assert found.error == pytest.approx(math.sqrt(3 / 2 * sum(value**2 for value in left)) / 60)
    assert difference(one[:1], other[:1]).error == 0


def test_weights_in_half_precision_are_measured_as_they_are_stored(
    plan: TrainPlan, sae_folder: Path, report: dict[str, Any], tmp_path: Path
) -> None:
    here = dataclasses.replace(plan, into=tmp_path / "sae", half_precision=True, remark="on a <borrowed> machine")
    train_saes(here, command="x", say=silent)
    with safe_open(here.into / "sae_weights.safetensors", framework="pt") as weights:
        assert weights.get_slice("W_dec").get_dtype() == "F16"
        assert weights.get_slice("b_enc").get_dtype() == "F32"
    card = json.loads((here.into / CARD_FILE).read_text())
    assert "float16" in card["stored"]
    assert "on a <borrowed> machine" in (here.into / README_FILE).read_text()
    assert "on a &lt;borrowed&gt; machine" in (here.into / PAGE_FILE).read_text()
    assert card["held_out"]["fve"] == pytest.approx(report["card"]["held_out"]["fve"], abs=2e-3)
    assert card["weights_sha256"] != report["card"]["weights_sha256"]


def test_too_small_a_corpus_is_refused(plan: TrainPlan, tmp_path: Path) -> None:
    with pytest.raises(TooLittleText, match="ask for fewer"):
        train_saes(dataclasses.replace(plan, train_tokens=10**9, into=tmp_path / "x"), command="", say=silent)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("fault", ["into", "scorer", "watts"])
def test_what_would_fail_at_the_end_is_refused_at_the_beginning(fault: str, plan: TrainPlan, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    changes: dict[str, dict[str, Any]] = {
        "into": {"into": tmp_path / "file"},
        "scorer": {"into": tmp_path / "sae", "scorer": tmp_path},
        "watts": {"into": tmp_path / "sae", "device": "cuda"},
    }
    said: list[str] = []
    with pytest.raises(Refusal):
        train_saes(dataclasses.replace(plan, **changes[fault]), command="x", say=said.append)
    assert said == []
    assert not (tmp_path / "sae").exists()


@pytest.mark.parametrize(
    ("lists", "reason"),
    [(["colour=red"], "write"), (["k=many"], "no number"), (["k"], "write"), (["width=2"], "only 2")],
)
def test_a_sweep_without_sense_is_refused(lists: list[str], reason: str) -> None:
    with pytest.raises(BadRecipe, match=reason):
        recipes(Recipe(), lists)


def test_folders_are_named_for_the_block_or_the_point(model: LanguageModel) -> None:
    names = [folder_name(resolve(model.network, f"model.layers.1{rest}")) for rest in ("", ".mlp", ".mlp:input")]
    assert names == ["layer-01", "model.layers.1.mlp", "model.layers.1.mlp-input"]


def asked(*words: str) -> TrainPlan:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.plan_of(
        parser.parse_args([*["--model", "m", "--hook-point", "a", "b", "--corpus", "c.jsonl", "--into", "i"], *words])
    )


def test_the_command_line_asks_for_what_it_says() -> None:
    plan = asked(
        "--k", "16", "--epochs", "5", "--tried-epochs", "2", "--sweep", "width=64,128", "k=8,16", "--watts", "90"
    )
    assert plan.hook_points == ("a", "b")
    assert plan.recipe == Recipe(k=16, epochs=5)
    assert [(one.width, one.k, one.epochs) for one in plan.tried] == [
        (64, 8, 2),
        (64, 16, 2),
        (128, 8, 2),
        (128, 16, 2),
    ]
    assert plan.l0_limit == 20
    assert plan.assumptions.watts == 90
    assert asked().tried == ()
    assert asked("--l0-limit", "7").l0_limit == 7


def test_the_command_prints_the_report_of_each_folder(
    model_folder: Path, corpus_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"--model {model_folder} --hook-point {tiny.HOOK_POINT} --corpus {corpus_file} --into {tmp_path / 'sae'}"
    words += f" --cache {tmp_path / 'cache'} --train-tokens 2000 --held-out-tokens 1500 --context-tokens 60 --width 64"
    words += " --k 3 --epochs 2 --batch 128 --dtype float32"
    assert main(["--threads", "1", "train", "--json", *words.split()]) == 0
    (printed,) = json.loads(capsys.readouterr().out).values()
    assert printed == json.loads((tmp_path / "sae" / REPORT_FILE).read_text())
    assert printed["card"]["command"].startswith("python -m saeserve --threads 1 train --json --model")
    assert main(["train", *words.split(), "--epochs", "0"]) == 1
    assert "epochs is 0" in capsys.readouterr().err
