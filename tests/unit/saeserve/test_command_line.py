"""Each command does its work with plain lines, and refuses in one sentence with exit code 1."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from saeserve.cli import main
from saeserve.commands.progress_lines import ProgressLines
from saeserve.contract import MiningRequest, Progress
from saeserve.train.command import shown_command


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


def test_what_is_said_of_one_sae_is_not_taken_for_all(
    model_folder: Path, sae_folder: Path, corpus_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["mine", "--root", tmp_path, "--model", model_folder, "--sae", sae_folder, "--corpus", corpus_file]
    assert run(*words, "--sae", sae_folder, "--hook-point", "model.layers.1") == 1
    assert "--hook-point would be said of all 2 SAEs" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_several_saes_are_mined_in_one_pass_and_one_that_is_refused_stops_no_other(
    model_folder: Path,
    sae_folder: Path,
    other_sae_folder: Path,
    corpus_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["mine", "--root", tmp_path, "--model", model_folder, "--corpus", corpus_file, "--dtype", "float32"]
    words += ["--context-tokens", 60, "--sae", sae_folder, "--sae", other_sae_folder]
    assert run(*words, "--json") == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [manifest["hook_point"] for manifest in runs] == ["model.layers.1", "model.layers.2"]
    assert run(*words, "--sae", tmp_path) == 1
    captured = capsys.readouterr()
    assert captured.out.count("The run is in") == 2
    assert "holds no SAE" in captured.err


def test_lens_names_promoted_and_suppressed_tokens(
    model_folder: Path, sae_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("lens", "--model", model_folder, "--sae", sae_folder, "--latent", 3, 200, "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert [row["index"] for row in record["latents"]] == [3, 200]
    assert all(len(row["promoted"]) == len(row["suppressed"]) == 10 for row in record["latents"])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_progress_is_one_bar_and_elsewhere_plain_lines() -> None:
    half = Progress(phase="mining", done=500, total=1000, tokens_per_second=20.0, seconds_left=3725.0)
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        lines = ProgressLines(stream, several=False)
        lines.watch("a" * 64, half)
        lines.watch("a" * 64, half)
        lines.end()
    said = "mining: 500 of 1,000, 20 a second, 1 h 02 min left"
    assert file.getvalue() == f"{said}\n" * 2
    assert terminal.getvalue() == f"\r\x1b[K[############............] {said}" * 2 + "\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["mine", "--root", "{tmp}", "--model", "x"], "Give --sae, --corpus"),
        (["mine", "--root", "{tmp}", "--request", "{tmp}/none.json"], "not a mining request"),
        (["mine", "--root", "{tmp}", "--model", "x", "--sae", "x", "--corpus", "{tmp}/none"], "cannot be read"),
        (["inspect", "--model", "{tmp}", "--sae", "{sae}"], "holds no language model"),
        (["inspect", "--model", "{model}", "--sae", "{tmp}"], "holds no SAE in a known format"),
        (["lens", "--model", "{model}", "--sae", "{sae}", "--latent", "256"], "numbers from 0 to 255"),
        (["inspect", "--model", "{model}", "--sae", "{sae}", "--hook-point", "blocks.9.hook_resid_post"], "block"),
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
