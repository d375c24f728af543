"""Files from elsewhere may lie, break off or try to run something: each gets a sentence and nothing more."""

import gzip
import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from annotation.interop.choosing import Wish
from annotation.interop.dashboards.saedashboard import read_saedashboard
from annotation.interop.delphi.reading import read_delphi
from annotation.interop.json_files import read_lines, read_object
from annotation.interop.neuronpedia.reading import read_neuronpedia
from annotation.interop.safetensors_file import read_tensors
from annotation.interop.unreadable import Unreadable
from annotation.interop.vocabulary import read_vocabulary
from tests.interop_files import lines, save_tensors, write_delphi, write_neuronpedia

ANY = {"a": ("F32", "U16", "BF16")}


def tensors(path: Path, header: bytes, body: bytes = b"", *, length: int | None = None) -> Path:
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + body)
    return path


def entry(dtype: str = "F32", shape: object = (2,), offsets: object = (0, 8)) -> bytes:
    return json.dumps({"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}).encode()


class RunsOnOpening:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (open, ("/nowhere/at/all",))


def test_a_pickle_under_another_name_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "0_5.safetensors"
    path.write_bytes(pickle.dumps(RunsOnOpening()))
    with pytest.raises(Unreadable, match="pickle or an archive"):
        read_tensors(path, ANY)
    with pytest.raises(Unreadable, match="pickle or an archive"):
        read_object(path)


def test_a_zip_under_another_name_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "batch-0.json"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"x")
    with pytest.raises(Unreadable, match="pickle or an archive"):
        read_saedashboard(tmp_path)


@pytest.mark.parametrize(
    ("header", "body", "sentence"),
    [
        (b"{}", b"", "no tensor “a”"),
        (b"[]", b"", "header is no object"),
        (b"{not json", b"", "header is not JSON"),
        (b"[" * 100_000, b"", "header is not JSON"),
        (entry(), b"1234", "does not fit into the file"),
        (entry(offsets=(0, 4)), bytes(8), "does not fit into the file"),
        (entry(offsets=(8, 0)), bytes(8), "does not fit into the file"),
        (entry(offsets=(-8, 0)), bytes(8), "makes no sense"),
        (entry(shape=[2**60]), bytes(8), "makes no sense"),
        (entry(shape=[2**47, 2**47, 2**47]), bytes(8), "does not fit into the file"),
        (entry(shape=[1, 1, 1, 1, 2]), bytes(8), "makes no sense"),
        (entry(shape=["2"]), bytes(8), "makes no sense"),
        (entry(shape=[True]), bytes(8), "makes no sense"),
        (entry(dtype="OBJECT"), bytes(8), "is of type OBJECT"),
        (b'{"a": {"dtype": "F32"}}', bytes(8), "says too little"),
        (b'{"a": 3}', bytes(8), "says too little"),
    ],
)
def test_a_safetensors_file_that_lies_is_refused(tmp_path: Path, header: bytes, body: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        read_tensors(tensors(tmp_path / "x.safetensors", header, body), ANY)


@pytest.mark.parametrize("length", [0, 1, 2**40, 2**63])
def test_a_header_of_an_impossible_length_is_refused(tmp_path: Path, length: int) -> None:
    with pytest.raises(Unreadable, match="no safetensors file"):
        read_tensors(tensors(tmp_path / "x.safetensors", entry(), bytes(8), length=length), ANY)


def test_tensors_are_those_that_the_reference_library_writes(tmp_path: Path) -> None:
    numpy_files = pytest.importorskip("safetensors.numpy")
    wanted = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([7, 65535], np.uint16)}
    numpy_files.save_file(wanted, tmp_path / "x.safetensors")
    found = read_tensors(tmp_path / "x.safetensors", {"a": ("F32",), "b": ("U16",)})
    assert all(np.array_equal(found[name], values) for name, values in wanted.items())


def test_bfloat16_is_widened(tmp_path: Path) -> None:
    path = tensors(tmp_path / "x.safetensors", entry("BF16", [2], (0, 4)), b"\x80\x3f\x20\xc1")
    assert read_tensors(path, ANY)["a"].tolist() == [1.0, -10.0]


def test_a_small_archive_that_unpacks_to_much_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "batch-0.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n" * 10_000_000))
    with pytest.raises(Unreadable, match="unpacks to more than"):
        list(read_lines(path, limit=1_000_000))


def test_a_line_without_an_end_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "batch-0.jsonl.gz"
    path.write_bytes(gzip.compress(b'"' + b"x" * 10_000_000))
    with pytest.raises(Unreadable, match="line 1: longer than"):
        list(read_lines(path, line_limit=1_000_000))


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress(b"{}" * 50, mtime=0)[:-9]], ids=["no gzip", "cut off"])
def test_a_damaged_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "batch-0.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=r"damaged|not JSON"):
        list(read_lines(path))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a": ' * 200_000, "nested too deeply"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"a": Infinity}', "Infinity, which is no number"),
        (b'{"a": "caf\xe9"}', "not UTF-8"),
        (b'{"a": 1', "cut off or of another format"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "not JSON|cut off"),
    ],
)
def test_json_that_is_none_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "batch-0.json"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=sentence):
        read_object(path)


def test_a_firing_outside_of_the_tokens_is_refused(tmp_path: Path) -> None:
    hook = write_delphi(tmp_path, splits=1)
    path = hook / "0_5.safetensors"
    good = read_tensors(path, {"tokens": ("I64",)})["tokens"]
    for place in ((len(good), 0, 0), (0, good.shape[1], 0), (0, 0, 6)):
        save_tensors(
            path,
            {
                "locations": np.array([place], np.uint16),
                "activations": np.array([1.0], np.float16),
                "tokens": np.array(good),
            },
        )
        with pytest.raises(Unreadable, match="lies outside"):
            read_delphi(hook, tmp_path / "tokenizer.json", sae="x")


def test_activations_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    hook = write_delphi(tmp_path, splits=1)
    tokens = np.array(read_tensors(hook / "0_5.safetensors", {"tokens": ("I64",)})["tokens"])
    infinite = {"locations": np.zeros((1, 3), np.uint16), "activations": np.array([np.inf], np.float16)}
    save_tensors(hook / "0_5.safetensors", infinite | {"tokens": tokens})
    with pytest.raises(Unreadable, match="no finite numbers"):
        read_delphi(hook, tmp_path / "tokenizer.json", sae="x")


def test_files_of_two_caches_are_refused(tmp_path: Path) -> None:
    hook = write_delphi(tmp_path)
    tokens = np.array(read_tensors(hook / "3_5.safetensors", {"tokens": ("I64",)})["tokens"])
    tokens[0, 0] += 1
    nothing = {"locations": np.zeros((0, 3), np.uint16), "activations": np.zeros(0, np.float16)}
    save_tensors(hook / "3_5.safetensors", nothing | {"tokens": tokens})
    with pytest.raises(Unreadable, match="over other tokens"):
        read_delphi(hook, tmp_path / "tokenizer.json", sae="x")
    (hook / "3_5.safetensors").rename(hook / "2_4.safetensors")
    with pytest.raises(Unreadable, match="latent 2 is in two files"):
        read_delphi(hook, tmp_path / "tokenizer.json", sae="x")


def test_a_cache_without_tokens_or_with_another_vocabulary_is_refused(tmp_path: Path) -> None:
    hook = write_delphi(tmp_path, splits=1)
    (tmp_path / "short.json").write_text(
        json.dumps({"model": {"vocab": {"a": 0, "b": 1}}, "decoder": {"type": "ByteLevel"}})
    )
    with pytest.raises(Unreadable, match=r"name the tokenizer\.json of the language model"):
        read_delphi(hook, tmp_path / "short.json", sae="x")
    save_tensors(
        hook / "0_5.safetensors", {"locations": np.zeros((1, 3), np.uint16), "activations": np.ones(1, np.float16)}
    )
    with pytest.raises(Unreadable, match="saved without its tokens"):
        read_delphi(hook, tmp_path / "tokenizer.json", sae="x")


@pytest.mark.parametrize(
    ("tokenizer", "sentence"),
    [
        ({}, "has no vocabulary"),
        ({"model": {"vocab": {"a": -1}}}, "a number of its own"),
        ({"model": {"vocab": {"a": 10**9}}}, "a number of its own"),
        ({"model": {"vocab": {"a": 0}}, "decoder": {"type": "CTC"}}, "CTC are not known"),
        (
            {
                "model": {"vocab": {"a": 0}},
                "decoder": {"type": "ByteLevel"},
                "added_tokens": [{"id": 10**9, "content": ""}],
            },
            "near the vocabulary",
        ),
    ],
)
def test_a_tokenizer_that_is_none_is_refused(tmp_path: Path, tokenizer: object, sentence: str) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(Unreadable, match=sentence):
        read_vocabulary(tmp_path / "tokenizer.json")


def test_lines_of_two_sources_are_refused(tmp_path: Path) -> None:
    folder = write_neuronpedia(tmp_path / "source", latents=2)
    lines(folder / "explanations" / "batch-1.jsonl", [{"modelId": "other", "layer": "1", "index": "0"}])
    with pytest.raises(Unreadable, match="Import each source by itself"):
        read_neuronpedia(folder)


def test_an_activation_of_a_latent_without_features_is_refused(tmp_path: Path) -> None:
    folder = write_neuronpedia(tmp_path / "source", latents=2)
    orphan = {"modelId": "small", "layer": "3-res-notes", "index": "9", "tokens": ["a"], "values": [1.0]}
    lines(folder / "activations" / "batch-1.jsonl", [orphan])
    with pytest.raises(Unreadable, match="latent 9 is in no features file"):
        read_neuronpedia(folder)


@pytest.mark.parametrize("tool", [read_saedashboard, read_neuronpedia])
def test_an_empty_folder_is_refused(tmp_path: Path, tool: object) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(Unreadable, match=r"holds no|is no folder"):
            tool(place)  # type: ignore[operator]


def test_the_same_files_give_the_same_rows(tmp_path: Path) -> None:
    hook = write_delphi(tmp_path)
    first, second = (list(read_delphi(hook, tmp_path / "tokenizer.json", sae="x").mined(Wish())) for _ in range(2))
    assert first == second
