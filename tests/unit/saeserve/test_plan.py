"""The plan of a corpus: exact, without padding to speak of, made once, and the same for whoever makes it."""

import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from saeserve.contract import MiningRequest
from saeserve.documents import BadCorpus, read_documents, read_documents_at
from saeserve.language_model import LanguageModel
from saeserve.mining import plan as planning
from saeserve.mining.capture_shard import block_batches, snippet_rows, snippets_of
from saeserve.mining.folders import corpus_file
from saeserve.mining.index import MOST_SPECIALTIES, TooFewDocuments, index_corpus
from saeserve.mining.plan import BLOCK_DOCUMENTS, BLOCK_TOKENS, Plan, plan_corpus
from saeserve.mining.plan_files import BadPlan, make_plan, plan_folder, read_plan
from saeserve.mining.snippets import cut_snippets
from saeserve.windows import cut
from tests.unit.saeserve import tiny

SIZES = {"context_tokens": 60, "overlap_tokens": 8}


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = tiny.documents(160, seed=4)
    records[7]["patient"] = records[90]["patient"] = records[150]["patient"] = "p-1"
    records.append({**records[3], "id": "copy"})
    return tiny.write_jsonl(tmp_path_factory.mktemp("notes") / "notes.jsonl", records)


@pytest.fixture(scope="module")
def planned(notes: Path, model: LanguageModel) -> Plan:
    return plan_corpus(index_corpus(notes, model.tokenizer, **SIZES, reserved_share=0.3, seed=1))


def test_tokens_are_those_that_the_tokenizer_gives(planned: Plan, notes: Path, model: LanguageModel) -> None:
    tokens = [len(model.tokenizer(document.text)["input_ids"]) for document in read_documents(notes)]
    assert planned.index.tokens.tolist() == [*tokens[:-1], 0]
    assert planned.index.duplicate.tolist() == [False] * 160 + [True]
    assert planned.tokens == sum(tokens[:-1]) == sum(shard.tokens for shard in planned.shards(5_000))


def test_notes_of_one_patient_have_one_owner_and_are_reserved_together(notes: Path, model: LanguageModel) -> None:
    for seed in range(3):
        index = index_corpus(notes, model.tokenizer, **SIZES, reserved_share=0.5, seed=seed)
        assert len({int(index.owners[at]) for at in (7, 90, 150)}) == 1
        assert len({bool(index.reserved[at]) for at in (7, 90, 150)}) == 1
        assert len(set(index.owners.tolist())) == 161 - 2
        assert 0.35 < index.reserved.mean() < 0.65


def test_every_document_but_duplicates_is_in_one_block(planned: Plan) -> None:
    shards = planned.shards(1)
    assert sorted(np.concatenate([shard.documents for shard in shards]).tolist()) == list(range(160))
    assert all(len(shard.blocks) == 1 for shard in shards)
    for shard in shards:
        assert len(shard.documents) <= BLOCK_DOCUMENTS
        assert shard.tokens - planned.index.tokens[shard.documents[-1]] < BLOCK_TOKENS


@pytest.mark.parametrize("shard_tokens", [1, 20_000, 10**9])
def test_shards_are_whole_blocks_in_order(planned: Plan, shard_tokens: int) -> None:
    shards = planned.shards(shard_tokens)
    assert [shard.number for shard in shards] == list(range(len(shards)))
    assert all(shard.tokens >= shard_tokens for shard in shards[:-1])
    blocks = [block.tolist() for shard in shards for block in shard.blocks]
    assert blocks == [block.tolist() for shard in planned.shards(1) for block in shard.blocks]


def test_hardly_anything_is_padded(planned: Plan, notes: Path, model: LanguageModel) -> None:
    texts = [document.text for document in read_documents(notes)]
    padding = positions = 0
    for shard in planned.shards(10**9):
        for block in shard.blocks:
            windows = list(cut([texts[place] for place in block], model.tokenizer, **SIZES))
            for batch in block_batches(windows, model, context_tokens=60):
                positions += batch.ids.numel()
                padding += batch.ids.numel() - sum(len(window) + 1 for window in batch.windows)
    assert padding < 0.03 * positions


def test_snippets_are_those_of_the_documents(planned: Plan, notes: Path) -> None:
    texts = [document.text for document in read_documents(notes)]
    shard = planned.shards(20_000)[1]
    found = snippets_of(planned.index, shard)
    expected = [
        (place, span.start, span.end)
        for place, text in enumerate(texts[at] for at in shard.documents)
        for span in cut_snippets(text)
    ]
    assert list(zip(found.documents.tolist(), found.starts.tolist(), found.ends.tolist(), strict=True)) == expected
    assert planned.index.snippets.starts[snippet_rows(planned.index, shard)].tolist() == found.starts.tolist()


def test_documents_are_found_again_by_their_place(planned: Plan, notes: Path) -> None:
    documents = list(read_documents(notes))
    wanted = [150, 3, 159]
    assert read_documents_at(notes, planned.index.offsets[wanted].tolist()) == [documents[place] for place in wanted]
    with pytest.raises(BadCorpus, match="byte 5"):
        read_documents_at(notes, [5])


def test_runs_that_need_the_same_plan_share_it_and_others_do_not(
    request_for: Callable[..., MiningRequest], model: LanguageModel, tmp_path: Path
) -> None:
    request = request_for(tmp_path)
    key = make_plan(tmp_path, request, model)
    folder = plan_folder(tmp_path, request.corpus_digest, key)
    written = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert make_plan(tmp_path, dataclasses.replace(request, sae="other", top=3, shard_tokens=9), model) == key
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == written
    for change in ({"seed": 3}, {"context_tokens": 50}, {"overlap_tokens": 9}, {"reserved_share": 0.1}):
        assert make_plan(tmp_path, dataclasses.replace(request, **change), model) != key
    assert len(list(folder.parent.iterdir())) == 5
    texts = [document.text for document in read_documents(corpus_file(tmp_path, request.corpus_digest))]
    for file in folder.iterdir():
        assert not any(text[:40].encode() in file.read_bytes() for text in texts), "a plan holds no text"


def test_a_plan_read_is_the_plan_made(
    request_for: Callable[..., MiningRequest], model: LanguageModel, tmp_path: Path
) -> None:
    request = request_for(tmp_path)
    folder = plan_folder(tmp_path, request.corpus_digest, make_plan(tmp_path, request, model))
    read = read_plan(folder)
    made = plan_corpus(
        index_corpus(
            corpus_file(tmp_path, request.corpus_digest),
            model.tokenizer,
            **SIZES,
            reserved_share=request.reserved_share,
            seed=request.seed,
        )
    )
    assert read.index.ids == made.index.ids
    for one, other in ((read, made), (read.index, made.index), (read.index.snippets, made.index.snippets)):
        for field in dataclasses.fields(one):
            value = getattr(one, field.name)
            if isinstance(value, np.ndarray):
                assert value.dtype == getattr(other, field.name).dtype, field.name
                assert np.array_equal(value, getattr(other, field.name)), field.name


def test_a_damaged_plan_is_told(tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text(json.dumps({}))
    (tmp_path / "documents.safetensors").write_bytes(b"no tensors")
    with pytest.raises(BadPlan, match="delete that folder"):
        read_plan(tmp_path)


@pytest.mark.parametrize("file", ["documents", "snippets"])
def test_a_plan_that_lacks_an_array_is_told(
    file: str, request_for: Callable[..., MiningRequest], model: LanguageModel, tmp_path: Path
) -> None:
    request = request_for(tmp_path)
    folder = plan_folder(tmp_path, request.corpus_digest, make_plan(tmp_path, request, model))
    for name in load_file(folder / f"{file}.safetensors"):
        tensors = load_file(folder / f"{file}.safetensors")
        del tensors[name]
        spoilt = tmp_path / f"without-{name}"
        shutil.copytree(folder, spoilt)
        save_file(tensors, spoilt / f"{file}.safetensors")
        with pytest.raises(BadPlan, match=f"{name}.*delete that folder"):
            read_plan(spoilt)


def test_a_free_text_column_gives_no_more_specialties_than_a_table_has_room_for(
    model: LanguageModel, tmp_path: Path
) -> None:
    records = tiny.documents(700, seed=5)
    for number, record in enumerate(records[:-1]):
        record["text"] = f"Visit {number}."
        record["specialty"] = "other" if number < 9 else f"ward {number // 2:03d}" if number < 609 else "Cardiology"
    index = index_corpus(
        tiny.write_jsonl(tmp_path / "n.jsonl", records), model.tokenizer, **SIZES, reserved_share=0.2, seed=1
    )
    told = [index.specialty_names[number] if number >= 0 else "" for number in index.specialties]
    mined = Counter(record["specialty"] for record, counts in zip(records, index.mined, strict=True) if counts)
    del mined[""], mined["other"]
    frequent = sorted(mined, key=lambda name: (-mined[name], name))[:MOST_SPECIALTIES]
    assert index.specialty_names == [*frequent, "other"]
    assert frequent[0] == "Cardiology"
    assert len(mined) > MOST_SPECIALTIES
    assert told == [name if name in {"", *frequent} else "other" for name in (each["specialty"] for each in records)]


def test_few_specialties_keep_their_names_most_frequent_first(planned: Plan, notes: Path) -> None:
    documents = list(read_documents(notes))
    mined = Counter(document.specialty for document in documents[:-1] if document.specialty)
    assert planned.index.specialty_names == sorted(mined, key=lambda name: (-mined[name], name))
    assert len(mined) == 3
    for document, number in zip(documents, planned.index.specialties, strict=True):
        assert document.specialty == (planned.index.specialty_names[number] if number >= 0 else "")


def test_where_everything_is_reserved_nothing_can_be_shown(notes: Path, model: LanguageModel) -> None:
    with pytest.raises(TooFewDocuments, match="All 160 distinct documents are reserved"):
        index_corpus(notes, model.tokenizer, **SIZES, reserved_share=1.0, seed=1)


def test_a_long_document_is_a_block_of_its_own(model: LanguageModel, tmp_path: Path) -> None:
    records = tiny.documents(12)
    records[5]["text"] = " ".join(record["text"] for record in tiny.documents(80, seed=9))
    index = index_corpus(
        tiny.write_jsonl(tmp_path / "n.jsonl", records), model.tokenizer, **SIZES, reserved_share=0.2, seed=1
    )
    planned = plan_corpus(index)
    assert index.tokens[5] > planning.BLOCK_TOKENS
    assert sum(len(shard.documents) for shard in planned.shards(1)) == 12
    assert max(shard.tokens for shard in planned.shards(1)) < index.tokens[5] + BLOCK_TOKENS
