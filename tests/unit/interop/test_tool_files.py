"""Files that the tools themselves wrote, where INTEROP_FILES names a folder of them.

`python -m bench.tool_files.saedashboard` and `….delphi_cache` make them, each in an environment that has the tool
(docs/guides/interoperability.md). Everywhere else the files of tests/interop_files.py stand in for them.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from annotation.interop.choosing import Wish
from annotation.interop.dashboards.saedashboard import read_saedashboard
from annotation.interop.delphi.reading import read_delphi
from tests import interop_files

ROOT = Path(__file__).resolve().parents[3]
FILES = Path(os.environ.get("INTEROP_FILES", "/nowhere"))
needs_files = pytest.mark.skipif(
    not FILES.is_dir(), reason="INTEROP_FILES names no folder of files that the tools made."
)


@needs_files
def test_saedashboards_own_files_become_a_run() -> None:
    folder = FILES / "saedashboard"
    reading = read_saedashboard(folder)
    features = [one for path in sorted(folder.glob("batch-*.json")) for one in json.loads(path.read_text())["features"]]
    rows = {row["index"]: (row, snippets) for row, snippets in reading.mined(Wish())}
    assert len(rows) == len(features) == reading.facts.width
    texts = dict(reading.documents)
    for feature in features:
        row, snippets = rows[feature["feature_index"]]
        assert row["firings"] == sum(feature["freq_hist_data_bar_heights"])
        assert row["density"] == pytest.approx(feature["frac_nonzero"], abs=6e-6)
        assert row["max_activation"] == pytest.approx(
            max(max(one["values"]) for one in feature["activations"]), abs=1e-3
        )
        assert snippets
        assert all(0 <= one["start"] < one["end"] <= len(texts[one["document"]]) for one in snippets)
    first = features[0]["activations"][0]
    strongest = first["tokens"][int(np.argmax(first["values"]))]
    top = rows[0][1][0]
    text = texts[top["document"]][top["start"] : top["end"]]
    peak = max(top["tokens"], key=lambda token: token["activation"])
    assert text[peak["start"] : peak["end"]] == strongest


@needs_files
def test_delphis_own_cache_becomes_a_run() -> None:
    tensors = pytest.importorskip("safetensors.numpy")
    tokenizers = pytest.importorskip("tokenizers")
    hook = FILES / "delphi" / "layers.9"
    path = ROOT / "var/models/smollm2-135m-instruct/tokenizer.json"
    reading = read_delphi(hook, path, sae="demo")
    rows = {row["index"]: (row, snippets) for row, snippets in reading.mined(Wish())}
    split = tensors.load_file(hook / "0_127.safetensors")
    special = split["tokens"] == 2
    kept = ~special[split["locations"][:, 0], split["locations"][:, 1]] & (split["activations"] > 0)
    counted = np.bincount(split["locations"][kept, 2], minlength=128)
    assert [rows[latent][0]["firings"] for latent in range(128)] == counted.tolist()
    reference, texts = tokenizers.Tokenizer.from_file(str(path)), dict(reading.documents)
    whole = next(key for key in texts if key.count("-") == 1)
    assert texts[whole] == reference.decode(split["tokens"][int(whole.removeprefix("row-"))].tolist())
    for row, snippets in rows.values():
        for one in snippets:
            text = texts[one["document"]][one["start"] : one["end"]]
            assert all(text[token["start"] : token["end"]] for token in one["tokens"])
            assert one["peak"] <= row["max_activation"]


@needs_files
def test_our_stand_ins_have_the_fields_of_the_tools_own_files(tmp_path: Path) -> None:
    theirs = json.loads((FILES / "saedashboard" / "batch-0.json").read_text())
    ours = json.loads((interop_files.write_saedashboard(tmp_path / "ours") / "batch-0.json").read_text())
    assert set(theirs) == set(ours)
    assert set(theirs["features"][0]) == set(ours["features"][0])
    assert set(theirs["features"][0]["activations"][0]) == set(ours["features"][0]["activations"][0])
    hook = interop_files.write_delphi(tmp_path)
    known = json.loads((FILES / "delphi" / "layers.9" / "config.json").read_text())
    assert set(json.loads((hook / "config.json").read_text())) <= set(known)
    for path in (hook / "0_2.safetensors", FILES / "delphi" / "layers.9" / "0_127.safetensors"):
        header = json.loads(path.read_bytes()[8:][: int.from_bytes(path.read_bytes()[:8], "little")])
        assert {name: header[name]["dtype"] for name in header} == {
            "tokens": "I64",
            "activations": "F16",
            "locations": "U16",
        }
