"""A whole run on a tiny model: its files are what the contract says, and they are true."""

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from saeserve.contract import (
    DECILE,
    FOIL_HARD,
    FOIL_RANDOM,
    HELD_OUT,
    LATENT_COLUMNS,
    SNIPPET_COLUMNS,
    SNIPPET_KINDS,
    TOP,
    Failure,
    Manifest,
    MiningRequest,
    Progress,
)
from saeserve.documents import Document, read_documents
from saeserve.fit import Fit
from saeserve.loaded import Loaded
from saeserve.mining.finish import FINISH_LOCK
from saeserve.mining.folders import RunFolder, corpus_file, run_folder
from saeserve.mining.index import is_reserved
from saeserve.mining.lock import InOtherHands, sole_worker
from saeserve.mining.open_run import Worker
from saeserve.mining.plan_files import plan_folder, read_plan
from saeserve.mining.prepare import PREPARE_LOCK
from saeserve.mining.prepared import load_prepared
from saeserve.mining.run import mine
from saeserve.mining.snippet_table import SnippetTable
from saeserve.refusal import Refusal
from tests.unit.saeserve import tiny

Rows = list[dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Mined:
    request: MiningRequest
    folder: Path
    manifest: Manifest
    latents: Rows
    snippets: Rows
    documents: dict[str, Document]
    watched: list[Progress]

    def of(self, latent: int, kind: str) -> Rows:
        return [row for row in self.snippets if row["latent"] == latent and row["kind"] == kind]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="module")
def mined(root: Path, request_for: Callable[..., MiningRequest]) -> Mined:
    request, watched = request_for(root), []
    worker = Worker(root, Loaded(root), lambda _digest, progress: watched.append(progress))
    manifest = mine(request, worker)
    folder = run_folder(root, request)
    tables = [pq.read_table(folder / f"{name}.parquet").to_pylist() for name in ("latents", "snippets")]
    documents = {document.id: document for document in read_documents(corpus_file(root, request.corpus_digest))}
    return Mined(request, folder, manifest, tables[0], tables[1], documents, watched)


def peaks_by_hand(
    fit: Fit, document: Document, context_tokens: int, overlap_tokens: int
) -> list[tuple[int, int, dict[int, float]]]:
    """(start, end, {latent: activation}) of each token of a document, a window at a time, without mining's code."""
    encoding = fit.model.tokenizer(document.text, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoding["input_ids"], encoding["offset_mapping"]
    result = []
    while len(result) < len(ids):
        first = max(0, len(result) - overlap_tokens)
        window = torch.tensor([[0, *ids[first : first + context_tokens]]])
        with torch.inference_mode():
            states = fit.model.network(input_ids=window, output_hidden_states=True).hidden_states[2][0, 1:]
            states = states[len(result) - first :]
            coder = fit.sae.coder
            values, latents = ((states - coder.b_dec) @ coder.W_enc + coder.b_enc).topk(coder.k)
        places = offsets[len(result) : first + context_tokens]
        for (start, end), found, at in zip(places, values.tolist(), latents.tolist(), strict=True):
            result.append((start, end, {latent: value for latent, value in zip(at, found, strict=True) if value > 0}))
    return result


@pytest.fixture(scope="module")
def table(mined: Mined, root: Path) -> SnippetTable:
    prepared = load_prepared(RunFolder(mined.folder))
    assert prepared
    return read_plan(plan_folder(root, mined.request.corpus_digest, prepared.plan)).index.snippets


@pytest.fixture(scope="module")
def by_hand(fit: Fit, mined: Mined) -> dict[str, list[tuple[int, int, dict[int, float]]]]:
    return {name: peaks_by_hand(fit, document, 60, 8) for name, document in mined.documents.items()}


def test_columns_are_those_of_the_contract(mined: Mined) -> None:
    assert set(mined.latents[0]) == set(LATENT_COLUMNS)
    assert set(mined.snippets[0]) == set(SNIPPET_COLUMNS)
    assert {row["kind"] for row in mined.snippets} == set(SNIPPET_KINDS)
    assert [row["index"] for row in mined.latents] == list(range(256))


def test_firings_and_density_agree_with_the_model_run_by_hand(mined: Mined, by_hand: dict[str, Any]) -> None:
    counted = Counter(latent for tokens in by_hand.values() for _, _, firing in tokens for latent in firing)
    total = sum(counted.values())
    assert (
        mined.manifest.tokens == sum(len(tokens) for tokens in by_hand.values()) - mined.manifest.dropped_tokens["norm"]
    )
    assert sum(row["firings"] for row in mined.latents) == pytest.approx(total, rel=1e-3)
    for row in mined.latents:
        assert row["firings"] == pytest.approx(counted[row["index"]], rel=0.01, abs=2)
        assert row["density"] == pytest.approx(row["firings"] / mined.manifest.tokens)
        assert sum(row["histogram"]) == row["firings"]


def test_the_first_top_snippet_holds_the_strongest_firing_of_the_unreserved_documents(
    mined: Mined, by_hand: dict[str, Any]
) -> None:
    best: dict[int, float] = defaultdict(float)
    for name, tokens in by_hand.items():
        if not is_reserved(mined.documents[name], share=0.25, seed=mined.request.seed):
            for _, _, firing in tokens:
                for latent, value in firing.items():
                    best[latent] = max(best[latent], value)
    for latent, value in best.items():
        assert mined.of(latent, TOP)[0]["peak"] == pytest.approx(value, rel=1e-3)


def test_tokens_are_characters_of_the_document_and_carry_its_activations(mined: Mined, by_hand: dict[str, Any]) -> None:
    checked = 0
    for row in mined.snippets:
        text = mined.documents[row["document"]].text
        assert 0 <= row["start"] < row["end"] <= len(text)
        known = {end: firing for _, end, firing in by_hand[row["document"]]}
        for token in row["tokens"]:
            end = row["start"] + token["end"]
            assert row["start"] <= row["start"] + token["start"] < end
            if text[end - 1].isascii():  # several pieces of one character end at the same place
                assert known[end][row["latent"]] == pytest.approx(token["activation"], rel=1e-3, abs=1e-3)
                checked += 1
        if row["tokens"]:
            assert max(token["activation"] for token in row["tokens"]) == pytest.approx(row["peak"])
    assert checked > 1000


def test_a_foil_fires_nowhere(mined: Mined, by_hand: dict[str, Any]) -> None:
    foils = [row for row in mined.snippets if row["decile"] is None and not row["tokens"]]
    assert len(foils) > 500
    for row in foils:
        assert row["peak"] == 0
        for start, end, firing in by_hand[row["document"]]:
            if row["start"] <= start and end <= row["end"]:
                assert firing.get(row["latent"], 0) < 1e-3


def test_held_out_snippets_come_from_reserved_documents_and_the_others_do_not(mined: Mined) -> None:
    for row in mined.snippets:
        reserved = is_reserved(mined.documents[row["document"]], share=0.25, seed=mined.request.seed)
        assert reserved == row["kind"].startswith("held-out")


def test_no_two_snippets_shown_for_a_latent_share_a_document_or_a_text(mined: Mined, table: SnippetTable) -> None:
    places = {name: number for number, name in enumerate(mined.documents)}
    shown: dict[tuple[int, bool], Rows] = defaultdict(list)
    for row in mined.snippets:
        shown[row["latent"], row["kind"].startswith("held-out")].append(row)
    for rows in shown.values():
        assert len({row["document"] for row in rows}) == len(rows)
        groups = set()
        for row in rows:
            first, last = table.firsts[places[row["document"]] : places[row["document"]] + 2]
            groups.add(int(table.groups[first:last][table.starts[first:last] == row["start"]][0]))
        assert len(groups) == len(rows)


def test_ranks_count_up_and_peaks_fall(mined: Mined) -> None:
    for latent in (row["index"] for row in mined.latents if row["firings"]):
        for kind in SNIPPET_KINDS:
            rows = mined.of(latent, kind)
            assert [row["rank"] for row in rows] == list(range(len(rows)))
            if kind in (TOP, HELD_OUT):
                assert [row["peak"] for row in rows] == sorted((row["peak"] for row in rows), reverse=True)


def test_deciles_follow_the_edges(mined: Mined) -> None:
    edges = {row["index"]: row["decile_edges"] for row in mined.latents}
    for row in mined.snippets:
        if row["decile"] is not None:
            assert row["decile"] == sum(edge <= row["peak"] for edge in edges[row["latent"]])
    assert all(len(row["decile_edges"]) in (0, 9) for row in mined.latents)
    seen = {row["decile"] for row in mined.snippets if row["kind"] == DECILE}
    assert seen >= set(range(9))


def test_there_are_foils_of_both_kinds_for_nearly_every_latent(mined: Mined) -> None:
    alive = [row["index"] for row in mined.latents if row["documents"] >= 5]
    for kind in (FOIL_RANDOM, FOIL_HARD):
        full = sum(len(mined.of(latent, kind)) == mined.request.foils for latent in alive)
        assert full >= 0.8 * len(alive)


def test_progress_only_grows_within_a_phase_and_ends_finished(mined: Mined) -> None:
    assert mined.watched[-1].phase == "finished"
    phases = list(dict.fromkeys(progress.phase for progress in mined.watched))
    assert phases == ["loading", "checking", "mining", "selecting", "writing", "finished"]
    mining = [progress.done for progress in mined.watched if progress.phase == "mining"]
    assert mining == sorted(mining)
    assert Progress.from_dict(json.loads((mined.folder / "progress.json").read_text())).phase == "finished"


def test_a_finished_run_is_returned_and_not_run_again(mined: Mined, root: Path) -> None:
    before = (mined.folder / "manifest.json").stat().st_mtime_ns
    assert mine(mined.request, Worker(root, Loaded(root))) == mined.manifest
    assert (mined.folder / "manifest.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("lock", [PREPARE_LOCK, FINISH_LOCK])
def test_two_workers_never_do_the_same_step_of_a_run(
    request_for: Callable[..., MiningRequest], tmp_path: Path, lock: str
) -> None:
    request = request_for(tmp_path)
    with sole_worker(run_folder(tmp_path, request) / lock), pytest.raises(InOtherHands, match="another worker"):
        mine(request, Worker(tmp_path, Loaded(tmp_path)))
    mine(request, Worker(tmp_path, Loaded(tmp_path)))


def test_near_duplicates_are_left_out_and_counted(request_for: Callable[..., MiningRequest], tmp_path: Path) -> None:
    records = tiny.documents(40)
    longest = max(records, key=lambda record: len(record["text"]))
    copies = [{**longest, "id": f"copy-{i}", "text": longest["text"] + f" Seen {i}."} for i in range(3)]
    corpus = tiny.write_jsonl(tmp_path / "c.jsonl", [*records, *copies])
    manifest = mine(request_for(tmp_path, corpus=corpus), Worker(tmp_path, Loaded(tmp_path)))
    assert manifest.duplicate_documents >= 3
    assert manifest.documents + manifest.duplicate_documents == 43


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"corpus_digest": "0" * 64}, "has no documents.jsonl"),
        ({"model": "nowhere"}, "holds no language model"),
        ({"sae": "nowhere"}, "nowhere is not there"),
        ({"dtype": "int3"}, "dtype 'int3'"),
        ({"reserved_share": 1.0}, "are reserved"),
    ],
)
def test_what_cannot_be_mined_ends_in_a_sentence_and_leaves_no_result(
    request_for: Callable[..., MiningRequest], tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    request = request_for(tmp_path, **changes)
    with pytest.raises(Refusal, match=words):
        mine(request, Worker(tmp_path, Loaded(tmp_path)))
    folder = run_folder(tmp_path, request)
    failure = Failure.from_dict(json.loads((folder / "failure.json").read_text()))
    assert words in failure.sentence
    assert not (folder / "manifest.json").exists()
    assert not list(folder.glob("*.parquet"))


def test_a_failed_run_can_be_tried_again(
    request_for: Callable[..., MiningRequest], tmp_path: Path, corpus_file: Path
) -> None:
    request = request_for(tmp_path)
    documents = tmp_path / "corpora" / request.corpus_digest / "documents.jsonl"
    kept = documents.read_bytes()
    documents.write_bytes(kept + b"{")
    with pytest.raises(Refusal, match="not JSON"):
        mine(request, Worker(tmp_path, Loaded(tmp_path)))
    documents.write_bytes(kept)
    mine(request, Worker(tmp_path, Loaded(tmp_path)))
    assert not (run_folder(tmp_path, request) / "failure.json").exists()
