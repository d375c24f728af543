"""Each command does its work with plain lines, and refuses in one sentence with exit code 1."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from saeserve.cli import main, shown_command
from saeserve.contract import MiningRequest


@pytest.fixture(autouse=True)
def _keep_threads() -> None:
    torch.set_num_threads(1)


def run(*words: object) -> int:
    return main(["--threads", "1", *map(str, words)])


def test_inspect_says_what_model_and_sae_are(
    model_folder: Path, sae_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("inspect", "--model", model_folder, "--sae", sae_folder, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["width"], record["hook_point"], record["architecture"]) == (256, "model.layers.1", "topk")
    assert set(record["declared"]) == {"fve", "l0", "dead_share", "norm_ratio", "ce_rise"}


def test_gate_prints_measured_beside_declared(
    model_folder: Path, sae_folder: Path, corpus_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["gate", "--model", model_folder, "--sae", sae_folder, "--corpus", corpus_file, "--dtype", "float32"]
    assert run(*words, "--context-tokens", 60) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("fve: 0.") and "declared 0." in line for line in lines)
    assert lines[-1] == "The SAE fits this model on this corpus."


def test_mine_works_without_the_site(
    model_folder: Path, sae_folder: Path, corpus_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["mine", "--root", tmp_path, "--model", model_folder, "--sae", sae_folder, "--corpus", corpus_file]
    assert run(*words, "--dtype", "float32", "--context-tokens", 60, "--top", 3, "--json") == 0
    captured = capsys.readouterr()
    manifest = json.loads(captured.out)
    assert manifest["request"]["top"] == 3
    assert "mining: " in captured.err
    assert (tmp_path / "runs" / MiningRequest.from_dict(manifest["request"]).digest / "snippets.parquet").is_file()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["mine", "--root", "{tmp}", "--model", "x"], "Give --sae, --corpus"),
        (["mine", "--root", "{tmp}", "--request", "{tmp}/none.json"], "not a mining request"),
        (["mine", "--root", "{tmp}", "--model", "x", "--sae", "x", "--corpus", "{tmp}/none"], "cannot be read"),
        (["inspect", "--model", "{tmp}", "--sae", "{tmp}"], "holds no SAE"),
        (["inspect", "--model", "{tmp}", "--sae", "{sae}"], "config.json is missing"),
        (["inspect", "--model", "{model}", "--sae", "{sae}", "--device", "cuda:9"], "no CUDA device"),
        (
            ["train", "--model", "{model}", "--hook-point", "h", "--corpus", "{corpus}", "--into", "{tmp}"],
            "no hook point",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_1(
    words: list[str],
    sentence: str,
    model_folder: Path,
    sae_folder: Path,
    corpus_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {"tmp": tmp_path, "model": model_folder, "sae": sae_folder, "corpus": corpus_file}
    assert run(*(word.format(**places) for word in words)) == 1
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert "Traceback" not in captured.err


def test_a_corpus_refused_half_way_leaves_nothing(model_folder: Path, sae_folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}\n')
    words = ["mine", "--root", tmp_path / "root", "--model", model_folder, "--sae", sae_folder, "--corpus", bad]
    assert run(*words) == 1
    assert not (tmp_path / "root").exists()


def test_a_request_file_of_a_newer_program_is_refused(
    request_for: Callable[..., MiningRequest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps(request_for(tmp_path).to_dict() | {"version": 99}))
    assert run("mine", "--root", tmp_path, "--request", file) == 1
    assert "version 99" in capsys.readouterr().err


def test_the_shown_command_names_the_folder_of_corpora_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORPORA_DIR", "/some/where")
    shown = shown_command(["train", "--corpus", "/some/where/notes.jsonl.gz", "--data-note", "two words"])
    assert shown == "python -m saeserve train --corpus \"$CORPORA_DIR/notes.jsonl.gz\" --data-note 'two words'"
