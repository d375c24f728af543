"""Whatever is wrong with what a user gives: one sentence, exit code 1, and nothing half-made in the artifact root."""

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from saeserve.cli import main
from saeserve.contract import FAILURE_FILE, LATENTS_FILE, MANIFEST_FILE, SNIPPETS_FILE, TOP, MiningRequest
from saeserve.loaded import Loaded
from saeserve.mining.open_run import Worker
from saeserve.mining.run import mine
from tests.unit.saeserve import tiny

RESULTS = (MANIFEST_FILE, LATENTS_FILE, SNIPPETS_FILE)
REPOSITORY = Path(__file__).resolve().parents[3]
Spoil = Callable[[Path], None]


class Bench:
    """Good inputs, copies of them to spoil, and the command line."""

    def __init__(self, model: Path, sae: Path, corpus: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.root, self._capsys = folder, folder / "root", capsys
        self.root.mkdir()
        self.given = {"model": model, "sae": sae, "corpus": corpus}

    def spoil(self, what: str, change: Spoil) -> None:
        self.given[what] = copytree(self.given[what], self.folder / what)
        change(self.given[what])

    def corpus(self, *records: dict[str, Any]) -> None:
        self.given["corpus"] = tiny.write_jsonl(self.folder / "notes.jsonl", list(records))

    def words(self, command: str, *more: object) -> list[str]:
        words: list[object] = ["--threads", 1, command, "--dtype", "float32"]
        for name in ("model", "sae", *(["corpus"] if command != "inspect" else [])):
            words += [f"--{name}", self.given[name]]
        words += ["--context-tokens", 60] if command != "inspect" else []
        words += ["--root", self.root, "--overlap-tokens", 8] if command == "mine" else []
        return [str(word) for word in (*words, *more)]

    def refused(self, command: str, *more: object) -> str:
        """The sentence with which the command refuses; nothing unfinished is left."""
        self._capsys.readouterr()
        assert main(self.words(command, *more)) == 1
        return self.sentence(self._capsys.readouterr().err)

    def sentence(self, errors: str) -> str:
        """The only line of the errors, once it is checked that it is one, and that nothing half-made is left."""
        lines = [line for line in errors.splitlines() if line.strip()]
        told = [line for line in lines if line.startswith("saeserve: ")]
        assert len(told) == 1, errors
        assert told[0].endswith((".", ")"))
        assert "Traceback" not in errors
        self.check_root()
        return told[0].removeprefix("saeserve: ")

    def check_root(self) -> None:
        """No result, no file that was written aside, and what failed says so."""
        files = [path for path in self.root.rglob("*") if path.is_file()]
        assert [path for path in self.root.glob("runs/**/*") if path.name in RESULTS or path.suffix == ".parquet"] == []
        assert [path for path in files if path.name.startswith(".") and path.suffix != ".lock"] == []
        for run in self.root.glob("runs/*"):
            assert (run / FAILURE_FILE).is_file(), sorted(path.name for path in run.iterdir())

    def mined(self, *more: object) -> dict[str, Any]:
        """The manifest of a run that is done."""
        self._capsys.readouterr()
        code = main(self.words("mine", "--json", *more))
        captured = self._capsys.readouterr()
        assert code == 0, captured.err
        manifest: dict[str, Any] = json.loads(captured.out)
        return manifest

    def snippets(self) -> list[dict[str, Any]]:
        (file,) = self.root.glob(f"runs/*/{SNIPPETS_FILE}")
        rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
        return rows


@pytest.fixture
def bench(
    model_folder: Path, sae_folder: Path, corpus_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Bench:
    return Bench(model_folder, sae_folder, corpus_file, tmp_path, capsys)


def truncate(name: str) -> Spoil:
    def change(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return change


def tensors(name: str, change: Callable[[dict[str, torch.Tensor]], None]) -> Spoil:
    def spoil(folder: Path) -> None:
        held = load_file(folder / name)
        change(held)
        save_file(held, folder / name, metadata={"format": "pt"})

    return spoil


def put(name: str, text: str) -> Spoil:
    return lambda folder: (folder / name).write_text(text) and None


def remove(name: str) -> Spoil:
    return lambda folder: (folder / name).unlink()


def setting(name: str, key: str, value: Any) -> Spoil:
    def change(folder: Path) -> None:
        record = json.loads((folder / name).read_text())
        *parents, last = key.split(".")
        inner = record
        for parent in parents:
            inner = inner[parent]
        inner[last] = value
        (folder / name).write_text(json.dumps(record))

    return change


def fill(tensor: torch.Tensor, value: float) -> None:
    tensor.view(-1)[3] = value


MODEL, SAE = "model.safetensors", "sae_weights.safetensors"
DOWN = "model.layers.0.mlp.down_proj.weight"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (truncate(MODEL), "damaged"),
        (tensors(MODEL, lambda held: held.update({DOWN: held[DOWN][:, :7].clone()})), "shape|size"),
        (tensors(MODEL, lambda held: held.pop(DOWN)), r"down_proj"),
        (remove(MODEL), "safetensors"),
        (remove("config.json"), r"config\.json is missing"),
        (put("config.json", "{"), "config"),
        (setting("config.json", "model_type", "abacus"), "abacus"),
        (remove("tokenizer.json"), "tokenizer"),
        (put("tokenizer.json", "{}"), "^The tokenizer in .* cannot be loaded"),
        (put("tokenizer.json", "{"), "^The tokenizer in .* cannot be loaded"),
        (setting("config.json", "vocab_size", 17), "vocab|size|shape|embed"),
    ],
)
def test_a_spoiled_model_is_refused(bench: Bench, spoil: Spoil, words: str) -> None:
    bench.spoil("model", spoil)
    sentence = bench.refused("inspect")
    assert _holds(sentence, words), sentence
    assert bench.refused("mine") == sentence


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_model_with_a_number_that_is_none_is_refused(bench: Bench, value: float) -> None:
    bench.spoil("model", tensors(MODEL, lambda held: fill(held[DOWN], value)))
    assert "not finite" in bench.refused("gate")
    assert "not finite" in bench.refused("mine")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (truncate(SAE), "damaged"),
        (tensors(SAE, lambda held: held.update(W_enc=held["W_enc"].T.contiguous())), r"W_enc has shape \[256, 32\]"),
        (tensors(SAE, lambda held: held.update(b_dec=held["b_dec"][:5].clone())), r"b_dec has shape \[5\]"),
        (tensors(SAE, lambda held: fill(held["W_dec"], float("nan"))), "W_dec holds 1 value.* not finite"),
        (tensors(SAE, lambda held: fill(held["b_enc"], float("-inf"))), "b_enc holds 1 value.* not finite"),
        (tensors(SAE, lambda held: held.pop("b_enc")), "b_enc"),
        (remove(SAE), SAE),
        (put(SAE, ""), "damaged"),
        (put("cfg.json", "{"), "not JSON"),
        (put("cfg.json", "[]"), "cfg.json"),
        (setting("cfg.json", "k", 0), "k as 0"),
        (setting("cfg.json", "architecture", "oracle"), "oracle"),
        (setting("cfg.json", "metadata.hf_hook_name", "model.layers.99"), "no hook point.*0 to 3"),
        (setting("cfg.json", "metadata.hf_hook_name", "model.layers.1:sideways"), "sideways"),
        (setting("cfg.json", "metadata.hf_hook_name", "lm_head"), "width"),
        (setting("cfg.json", "normalize_activations", "expected_average_only_in"), "norm_scaling_factor"),
    ],
)
def test_a_spoiled_sae_is_refused(bench: Bench, spoil: Spoil, words: str) -> None:
    bench.spoil("sae", spoil)
    sentence = bench.refused("inspect")
    assert _holds(sentence, words), sentence
    assert bench.refused("mine") == sentence


@pytest.mark.parametrize("layout", ["ae.pt", "autoencoder.pt", "params.npz", "pytorch_model.bin"])
def test_code_in_a_pickle_is_not_executed(bench: Bench, layout: str) -> None:
    """The same payload does run where a pickle is loaded carelessly, so that the test would see it."""
    witness = bench.folder / "executed"
    payload = pickle.dumps(_Touch(witness))
    pickle.loads(payload)
    assert witness.exists()
    witness.unlink()
    if layout == "pytorch_model.bin":
        bench.spoil("model", remove(MODEL))
        torch.save({"weight": _Touch(witness)}, bench.given["model"] / layout)
    else:
        folder = bench.folder / "layer_1" / "width_16k" / "average_l0_20"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"trainer": {"dict_class": "AutoEncoderTopK"}}))
        if layout == "params.npz":
            np.savez(folder / layout, W_enc=np.array([_Touch(witness)], dtype=object))
        else:
            torch.save({"encoder.weight": _Touch(witness)}, folder / layout)
        bench.given["sae"] = folder if layout != "autoencoder.pt" else folder / layout
    bench.refused("inspect")
    bench.refused("mine")
    assert not witness.exists()


class _Touch:
    """Unpickling it creates a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.open, (str(self._path), os.O_CREAT)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no document"),
        (b"\n\n", "holds no document"),
        (b'{"id": "a", "text": "caf\xe9"}\n', "line 1 is not UTF-8"),
        (b'{"id": "a", "text": "x"}\n{"id": "a"', "line 2 is not JSON"),
        (b'["a"]\n', "not a JSON object"),
        (b'{"id": "a"}\n', "line 1 has no text"),
        (b'{"id": 7, "text": "x"}\n', "line 1 has no id"),
        (b'{"id": "a", "text": " \\n "}\n', "line 1 has an empty text"),
        (b'{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}\n', "'a' occurs twice"),
        (b'{"id": "a", "text": "\\ud83e"}\n', "lone surrogate"),
    ],
)
def test_a_spoiled_corpus_is_refused(bench: Bench, content: bytes, words: str) -> None:
    bench.given["corpus"] = bench.folder / "notes.jsonl"
    bench.given["corpus"].write_bytes(content)
    sentence = bench.refused("mine")
    assert _holds(sentence, words), sentence
    assert _holds(bench.refused("gate"), words)


def test_a_corpus_of_a_single_token_is_refused(bench: Bench) -> None:
    bench.corpus({"id": "a", "text": "x"})
    assert "too few tokens" in bench.refused("gate")
    assert "add documents" in bench.refused("mine")
    assert "add documents" in bench.refused("mine", "--reserved-share", 0)


def test_paths_that_lead_nowhere_are_refused(bench: Bench) -> None:
    good = dict(bench.given)
    for name, words in (("model", "there is no such folder"), ("sae", "is not there"), ("corpus", "cannot be read")):
        bench.given = good | {name: bench.folder / "none"}
        assert words in bench.refused("gate"), name
    bench.given = good | {"corpus": bench.folder}
    assert "cannot be read" in bench.refused("gate")
    bench.given = good | {"corpus": good["corpus"] / "inside-a-file"}
    assert "cannot be read" in bench.refused("gate")


def test_an_artifact_root_that_is_a_file_is_refused(bench: Bench) -> None:
    bench.root.rmdir()
    bench.root.write_text("a file")
    assert str(bench.root) in bench.refused("mine")
    assert bench.root.read_text() == "a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser reads everything")
def test_folders_that_may_not_be_read_are_refused(bench: Bench) -> None:
    for name in ("model", "sae"):
        bench.spoil(name, lambda folder: folder.chmod(0))
        try:
            bench.refused("inspect")
        finally:
            bench.given[name].chmod(0o700)


def test_documents_of_one_token_and_strange_characters_are_mined(bench: Bench) -> None:
    strange = "\x00 NUL, \x1b[31mred\x1b[0m, \u202eright to left, zero\u200bwidth, 🤕🏽‍⚕️ 👩‍👩‍👧, \x07\x08 "
    strange += "\ufeff e\u0301 \U0010ffff end. "
    tame = tiny.documents(24)
    odd = [
        {"id": f"odd {number} \u2028", "text": strange * 3 + tiny.documents(2, seed=number)[0]["text"]}
        for number in range(8)
    ]
    single = [{"id": f"single-{letter}", "text": letter} for letter in "abc"]
    bench.corpus(*tame, *odd, *single)
    manifest = bench.mined("--foils", 2, "--held-out", 2)
    assert manifest["documents"] == len(tame) + len(odd) + len(single) - manifest["duplicate_documents"]
    texts = {record["id"]: record["text"] for record in (*tame, *odd, *single)}
    rows = bench.snippets()
    assert any(row["document"].startswith("odd") for row in rows)
    for row in rows:
        assert 0 <= row["start"] < row["end"] <= len(texts[row["document"]])
        for token in row["tokens"]:
            assert 0 <= token["start"] < token["end"] <= row["end"] - row["start"]


def test_a_book_among_the_notes_is_mined_in_windows(bench: Bench) -> None:
    """200,000 tokens in one document: every one is counted once, and no more is held than for notes."""
    chance_texts = [tiny.documents(2, seed=seed)[0]["text"] for seed in range(60)]
    book = "\n".join(chance_texts * 9)
    bench.corpus({"id": "book", "text": book}, *tiny.documents(12))
    counter = Tokenizer.from_file(str(bench.given["model"] / "tokenizer.json"))
    expected = sum(
        len(counter.encode(record["text"], add_special_tokens=False))
        for record in ({"text": book}, *tiny.documents(12))
    )
    manifest = bench.mined("--foils", 1, "--held-out", 1, "--top", 2, "--per-decile", 0)
    counted = manifest["tokens"] + manifest["dropped_tokens"]["norm"]
    assert manifest["duplicate_documents"] == 0
    assert counted == expected
    tops = [row for row in bench.snippets() if row["kind"] == TOP]
    assert max(row["end"] - row["start"] for row in tops) < 2_000


LIMITED = """
import resource, sys
from saeserve.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("limit", "file"),
    [(20_000, "documents.jsonl"), pytest.param(100_000, "000000.safetensors", marks=pytest.mark.walks)],
)
def test_a_full_disk_is_told_and_leaves_nothing_half_written(bench: Bench, limit: int, file: str) -> None:
    """No file may grow beyond the limit: the kernel refuses the write, as it does on a full disk."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", LIMITED.format(limit=limit), *bench.words("mine")]
    done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    sentence = bench.sentence(done.stderr)
    assert sentence.startswith(file)
    assert "free disk space" in sentence
    assert done.stderr.strip() == f"saeserve: {sentence}"
    after = bench.mined()
    assert after["tokens"] > 0
    assert not list(bench.root.rglob(FAILURE_FILE))


LIMITED_LATE = """
import json, resource, sys
from pathlib import Path
from saeserve.contract import MiningRequest
from saeserve.loaded import Loaded
from saeserve.mining.open_run import Worker
from saeserve.mining.run import mine

def watch(_run, progress):
    if progress.phase == "selecting":
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

root = Path(sys.argv[1])
try:
    mine(MiningRequest.from_dict(json.loads(sys.argv[2])), Worker(root, Loaded(root), watch))
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_disk_that_fills_up_at_the_last_step_keeps_the_shards_and_shows_no_result(
    request_for: Callable[..., MiningRequest], bench: Bench
) -> None:
    request = request_for(bench.root)
    command = [sys.executable, "-c", LIMITED_LATE, str(bench.root), json.dumps(request.to_dict())]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("NoSpace "), done.stdout + done.stderr
    bench.check_root()
    (run,) = bench.root.glob("runs/*")
    assert json.loads((run / FAILURE_FILE).read_text())["retry_helps"]
    assert list(run.glob("shards/*.safetensors"))
    manifest = mine(request, Worker(bench.root, Loaded(bench.root)))
    assert manifest.files.keys() >= {LATENTS_FILE, SNIPPETS_FILE}
    assert not (run / FAILURE_FILE).exists()


def _holds(sentence: str, pattern: str) -> bool:
    return re.search(pattern, sentence, re.DOTALL) is not None
