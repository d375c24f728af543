"""A text is tried as it would have been mined, and neither it nor its answer lies anywhere readable."""

import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from cryptography.fernet import Fernet

from saeserve.artifacts import read_json, write_json
from saeserve.contract import ANSWER_FILE, TEXT_FILE, TRIAL_SECONDS, Failure, MiningRequest, Trial, TrialAnswer
from saeserve.fit import Fit
from saeserve.hook_points import HookPoint
from saeserve.loaded import Loaded
from saeserve.mining.lock import sole_worker
from saeserve.mining.open_run import Worker
from saeserve.mining.prepared import PREPARED_FILE
from saeserve.mining.run import mine
from saeserve.sinks import Sinks
from saeserve.trial import ATTEMPTS_FILE, LOCK_FILE, LONGEST_TEXT, MOST_DEATHS, answer_trial
from saeserve.trial_folder import BadHandle, sweep_trials
from saeserve.trial_sinks import sinks_for
from tests.unit.saeserve import tiny

KEY = Fernet.generate_key().decode()
HANDLE = "0123456789abcdef" * 2
TEXT = (
    "Mrs. Okoye denies chest pain at rest. She was treated for migraine 🤕 despite aspirin 75 mg o.d.\n\nnaïve cells."
)
NOW = time.time()
"""The real time: the file system, by whose times trials are swept, knows no other."""


def now() -> float:
    return NOW


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return Loaded(tmp_path)


@pytest.fixture
def trial(model_folder: Path, sae_folder: Path) -> Trial:
    return Trial(
        handle=HANDLE, model=str(model_folder), sae=str(sae_folder), dtype="float32", context_tokens=60,
        overlap_tokens=8, latent=5,
    )  # fmt: skip


def leave(root: Path, text: str | bytes, *, key: str = KEY, at: float = NOW) -> Path:
    folder = root / "trials" / HANDLE
    folder.mkdir(parents=True)
    plain = text.encode() if isinstance(text, str) else text
    (folder / TEXT_FILE).write_bytes(Fernet(key).encrypt_at_time(plain, int(at)))
    os.utime(folder / TEXT_FILE, (at, at))
    return folder


def read(folder: Path) -> TrialAnswer | Failure:
    """The answer as the web side reads it."""
    record = json.loads(Fernet(KEY).decrypt((folder / ANSWER_FILE).read_bytes()))
    return Failure.from_dict(record) if "sentence" in record else TrialAnswer.from_dict(record)


def answered(trial: Trial, text: str | bytes, loaded: Loaded) -> TrialAnswer | Failure:
    folder = leave(loaded.root, text)
    returned = answer_trial(trial, root=loaded.root, key=KEY, loaded=loaded, clock=now)
    assert read(folder) == returned
    return read(folder)


def by_hand(fit: Fit, text: str) -> tuple[list[tuple[int, int]], torch.Tensor]:
    """Spans and dense activations [token, latent] of a text that fits one window."""
    encoding = fit.model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = torch.tensor([[*fit.model.front, *encoding["input_ids"]]])
    with torch.inference_mode():
        states = fit.model.network(ids, output_hidden_states=True).hidden_states[2][0, 1:]
    codes = fit.sae.coder.encode(states)
    dense = torch.zeros(len(states), fit.sae.coder.width)
    dense[codes.tokens, codes.latents] = codes.values
    return encoding["offset_mapping"], dense


def test_every_token_and_the_strongest_latents_are_those_of_a_pass_by_hand(
    trial: Trial, loaded: Loaded, fit: Fit
) -> None:
    _, dense = by_hand(fit, TEXT)
    latent = int(dense.max(dim=0).values.argmax())
    found = answered(replace(trial, latent=latent, strongest=7), TEXT, loaded)
    assert isinstance(found, TrialAnswer)
    assert [token["activation"] for token in found.tokens] == pytest.approx(dense[:, latent].tolist(), rel=1e-4)
    assert "".join(TEXT[token["start"] : token["end"]] for token in found.tokens[:3]) == "Mrs.Okoye"
    peaks, order = dense.max(dim=0).values.sort(descending=True)
    assert [each["latent"] for each in found.strongest] == order[:7].tolist()
    assert [each["peak"] for each in found.strongest] == pytest.approx(peaks[:7].tolist(), rel=1e-4)
    assert [each["firings"] for each in found.strongest] == (dense[:, order[:7]] > 0).sum(dim=0).tolist()
    first = found.strongest[0]
    place = int(dense[:, latent].argmax())
    assert (first["start"], first["end"]) == (found.tokens[place]["start"], found.tokens[place]["end"])
    assert (found.unit, found.dtype) == ("raw", "float32")
    assert found.seconds > 0


def test_without_a_latent_only_the_strongest_are_told(trial: Trial, loaded: Loaded) -> None:
    found = answered(replace(trial, latent=None), TEXT, loaded)
    assert isinstance(found, TrialAnswer)
    assert {token["activation"] for token in found.tokens} == {0.0}
    assert len(found.strongest) == 12


def test_a_long_text_is_windowed_as_in_mining_and_every_token_told_once(trial: Trial, loaded: Loaded, fit: Fit) -> None:
    text = tiny.documents(6, seed=3)[0]["text"] * 3
    found = answered(trial, text, loaded)
    assert isinstance(found, TrialAnswer)
    offsets, _ = by_hand(fit, text)
    assert len(found.tokens) == len(offsets) > 3 * trial.context_tokens
    starts = [token["start"] for token in found.tokens]
    assert starts == sorted(starts)


def test_a_tried_document_fires_as_it_did_in_the_run(
    trial: Trial, loaded: Loaded, request_for: Callable[..., MiningRequest], corpus_file: Path
) -> None:
    import pyarrow.parquet as pq

    request = request_for(loaded.root)
    mine(request, Worker(loaded.root, loaded))
    texts = {record["id"]: record["text"] for record in map(json.loads, corpus_file.read_text().splitlines())}
    row = next(
        row
        for row in pq.read_table(loaded.root / "runs" / request.digest / "snippets.parquet").to_pylist()
        if row["kind"] == "top" and len(row["tokens"]) > 1
    )
    same = {
        name: getattr(request, name) for name in ("context_tokens", "overlap_tokens", "dtype", "sink_norm_multiple")
    }
    found = answered(replace(trial, latent=row["latent"], **same), texts[row["document"]], loaded)
    assert isinstance(found, TrialAnswer)
    told = {(token["start"], token["end"]): token["activation"] for token in found.tokens}
    for token in row["tokens"]:
        span = (row["start"] + token["start"], row["start"] + token["end"])
        assert told[span] == pytest.approx(token["activation"], rel=1e-3)


def test_the_border_to_sinks_is_that_of_a_run_and_without_one_that_of_a_neutral_text(
    trial: Trial, loaded: Loaded, request_for: Callable[..., MiningRequest], fit: Fit
) -> None:
    neutral = sinks_for(trial, fit, root=loaded.root)
    request = request_for(loaded.root)
    mine(request, Worker(loaded.root, loaded))
    file = loaded.root / "runs" / request.digest / PREPARED_FILE
    kept = Sinks(read_json(file)["probe"]["sinks"]["limit"], HookPoint(tiny.HOOK_POINT))
    assert sinks_for(trial, fit, root=loaded.root) == kept != neutral
    assert neutral.limit == pytest.approx(kept.limit, rel=0.2)
    assert sinks_for(replace(trial, sink_norm_multiple=3.0), fit, root=loaded.root).limit == neutral.limit / 2
    file.write_text("{}")
    assert sinks_for(trial, fit, root=loaded.root) == neutral


def test_sinks_are_told_as_left_out(trial: Trial, loaded: Loaded) -> None:
    found = answered(replace(trial, sink_norm_multiple=1.01), TEXT, loaded)
    assert isinstance(found, TrialAnswer)
    left_out = [token for token in found.tokens if token["activation"] is None]
    assert 0 < len(left_out) < len(found.tokens)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The text is empty"),
        (" \n\t", "The text is empty"),
        ("a" * (LONGEST_TEXT + 1), "has 20,001 characters and at most 20,000"),
        (b"caf\xe9", "not UTF-8"),
    ],
)
def test_a_text_that_cannot_be_tried_is_a_sentence(trial: Trial, loaded: Loaded, text: str | bytes, words: str) -> None:
    found = answered(trial, text, loaded)
    assert isinstance(found, Failure)
    assert words in found.sentence


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"latent": 256}, "latents 0 to 255; 256 is none"),
        ({"latent": -1}, "-1 is none"),
        ({"model": "nowhere/at all/x"}, "no language model"),
        ({"sae": "nowhere"}, "is not there"),
        ({"context_tokens": 8}, "cannot overlap"),
        ({"context_tokens": 4000}, "reads at most"),
    ],
)
def test_a_trial_that_asks_for_what_is_not_there_is_a_sentence(
    trial: Trial, loaded: Loaded, changes: dict[str, object], words: str
) -> None:
    found = answered(replace(trial, **changes), TEXT * 20, loaded)  # type: ignore[arg-type]
    assert isinstance(found, Failure)
    assert words in found.sentence


def test_a_text_that_has_waited_too_long_is_a_sentence_and_is_swept(trial: Trial, loaded: Loaded) -> None:
    folder = leave(loaded.root, TEXT, at=NOW - TRIAL_SECONDS - 1)
    found = answer_trial(trial, root=loaded.root, key=KEY, loaded=loaded, clock=now)
    assert isinstance(found, Failure)
    assert "longer than 15 minutes" in found.sentence
    assert not folder.exists()


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (Fernet(Fernet.generate_key()).encrypt(TEXT.encode()), "same ARTIFACT_KEY"),
        (b"half a tok", "cannot be decrypted"),
        (None, "not there any more"),
    ],
)
def test_a_text_that_cannot_be_decrypted_or_is_gone_is_a_sentence(
    trial: Trial, loaded: Loaded, token: bytes | None, words: str
) -> None:
    folder = leave(loaded.root, TEXT)
    (folder / TEXT_FILE).unlink()
    if token is not None:
        (folder / TEXT_FILE).write_bytes(token)
    answer_trial(trial, root=loaded.root, key=KEY, loaded=loaded, clock=now)
    found = read(folder)
    assert isinstance(found, Failure)
    assert words in found.sentence


def test_a_trial_whose_folder_was_swept_writes_nothing(trial: Trial, loaded: Loaded) -> None:
    found = answer_trial(trial, root=loaded.root, key=KEY, loaded=loaded, clock=now)
    assert isinstance(found, Failure)
    assert not (loaded.root / "trials").exists()


@pytest.mark.parametrize("handle", ["../../etc", "", "x" * 32, "ab", "/tmp/0123456789abcdef"])
def test_a_handle_that_might_be_a_path_is_refused(trial: Trial, loaded: Loaded, handle: str) -> None:
    with pytest.raises(BadHandle):
        answer_trial(replace(trial, handle=handle), root=loaded.root, key=KEY, loaded=loaded)


def test_an_answer_is_left_as_it_is_when_the_message_comes_twice(trial: Trial, loaded: Loaded) -> None:
    answered(trial, TEXT, loaded)
    file = loaded.root / "trials" / HANDLE / ANSWER_FILE
    before = file.read_bytes()
    assert answer_trial(trial, root=loaded.root, key=KEY, loaded=loaded, clock=now) is None
    assert file.read_bytes() == before


def test_nothing_of_the_text_is_readable_in_files_or_logs(
    trial: Trial, loaded: Loaded, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when all goes well nor when a library's error quotes the text."""
    caplog.set_level(logging.DEBUG)
    secret = "Zygomorphic Okoye"
    answered(trial, f"{secret} denies chest pain.", loaded)
    (loaded.root / "trials" / HANDLE / ANSWER_FILE).unlink()

    def quoting(text: str, *_rest: object, **_named: object) -> None:
        raise RuntimeError(f"cannot tokenise {text}")

    monkeypatch.setattr("saeserve.trial.fire_on", quoting)
    found = answer_trial(trial, root=loaded.root, key=KEY, loaded=loaded, clock=now)
    assert isinstance(found, Failure)
    assert "RuntimeError" in found.sentence
    assert "quoting" in caplog.text, "the log says where it stopped"
    held = b"".join(path.read_bytes() for path in loaded.root.rglob("*") if path.is_file())
    for word in (secret, "Zygomorphic", "chest pain"):
        assert word not in found.sentence
        assert word not in caplog.text
        assert word.encode() not in held


def test_old_trials_are_swept_and_young_ones_kept(tmp_path: Path) -> None:
    for name, age in (("a" * 32, TRIAL_SECONDS + 1), ("b" * 32, TRIAL_SECONDS - 1)):
        folder = tmp_path / "trials" / name
        folder.mkdir(parents=True)
        (folder / TEXT_FILE).write_bytes(b"x")
        os.utime(folder / TEXT_FILE, (NOW - age, NOW - age))
        (folder / ANSWER_FILE).write_bytes(b"x")  # written now: it makes the trial no younger
    assert sweep_trials(tmp_path, now=NOW) == 1
    assert [path.name for path in (tmp_path / "trials").iterdir()] == ["b" * 32]
    assert sweep_trials(tmp_path / "none", now=NOW) == 0


def test_a_text_that_kills_its_workers_is_answered_with_a_sentence_instead_of_stopping_all_mining(
    trial: Trial, loaded: Loaded
) -> None:
    folder = leave(loaded.root, TEXT)
    write_json(folder / ATTEMPTS_FILE, {"deaths": MOST_DEATHS})
    found = answer_trial(trial, root=loaded.root, key=KEY, loaded=loaded, clock=now)
    assert isinstance(found, Failure)
    assert "died 2 times at this text" in found.sentence
    assert "shorter text" in found.sentence
    assert read(folder) == found


def test_a_trial_that_another_worker_is_at_is_left_to_it(trial: Trial, loaded: Loaded) -> None:
    folder = leave(loaded.root, TEXT)
    with sole_worker(folder / LOCK_FILE):
        assert answer_trial(trial, root=loaded.root, key=KEY, loaded=loaded, clock=now) is None
    assert not (folder / ANSWER_FILE).exists()
    assert isinstance(answer_trial(trial, root=loaded.root, key=KEY, loaded=loaded, clock=now), TrialAnswer)
