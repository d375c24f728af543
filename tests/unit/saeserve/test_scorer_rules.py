"""What a scorer says follows from its numbers in a way that no careless judge gains by."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from saeserve.artifacts import read_json, write_json
from saeserve.contract import EMBEDDING, JUDGE, SCORERS, Failure, ScoreAnswer, ScoreRequest
from saeserve.scorers.answering import ATTEMPTS_FILE, MOST_DEATHS, answer_question
from saeserve.scorers.base import BadQuestion, Numbers, Question, Scorer, odd_one, said
from saeserve.scorers.score_folder import ScoreFolder

KEY = Fernet.generate_key().decode()
RATIONALE = "All of them name troponin."


class ByLength:
    """Longer snippets get higher numbers: nothing that any rationale says changes that."""

    model = "length of the text"

    def detection(self, questions: Sequence[Question]) -> list[Numbers]:
        return [np.array([float(len(shown.text)) for shown in question.snippets]) for question in questions]

    fuzzing = detection

    def intruder(self, sets: Sequence[Sequence[str]]) -> list[Numbers]:
        return [np.array([float(len(text)) for text in shown]) for shown in sets]


def balanced_accuracy(yes: list[bool], fires: list[bool]) -> float:
    right = [sum(y for y, f in zip(yes, fires, strict=True) if f) / sum(fires)]
    right.append(sum(not y for y, f in zip(yes, fires, strict=True) if not f) / (len(fires) - sum(fires)))
    return sum(right) / 2


@given(st.floats(-5, 5), st.permutations([True] * 10 + [False] * 10))
def test_the_same_number_for_all_scores_a_half(number: float, fires: list[bool]) -> None:
    assert balanced_accuracy(said(np.full(20, number)), fires) == 0.5


def test_random_numbers_score_a_half_on_average() -> None:
    rng = np.random.default_rng(7)
    fires = [True] * 10 + [False] * 10
    scores = [balanced_accuracy(said(rng.normal(size=20)), fires) for _ in range(4000)]
    assert np.mean(scores) == pytest.approx(0.5, abs=3 * np.std(scores) / 4000**0.5)


@given(st.lists(st.integers(0, 50), min_size=20, max_size=20, unique=True), st.randoms())
def test_the_order_of_the_snippets_does_not_matter(numbers: list[int], chance: Any) -> None:
    by_number = dict(zip(numbers, said(np.array(numbers, float)), strict=True))
    chance.shuffle(numbers)
    assert said(np.array(numbers, float)) == [by_number[number] for number in numbers]
    assert sum(by_number.values()) == 10


def test_an_odd_one_that_nobody_sees_is_found_as_often_as_by_guessing() -> None:
    assert odd_one(np.zeros(5)) == 0  # sets are shown in an order that knows nothing of the odd one
    assert odd_one(np.array([0.1, 0.7, 0.2])) == 1


def request(**changes: Any) -> ScoreRequest:
    snippets = [{"id": i, "text": "troponin " * i} for i in range(1, 5)]
    trial = {"trial": 5, "label": "troponin", "rationale": RATIONALE, "snippets": snippets}
    standard = {"scorer": EMBEDDING, "scorer_version": SCORERS[EMBEDDING], "detection": [trial]}
    return ScoreRequest(**standard | changes)


def leave(root: Path, asked: ScoreRequest) -> str:
    folder = ScoreFolder.of(root, asked.digest, key=KEY)
    folder.path.mkdir(parents=True)
    (folder.path / "question").write_bytes(Fernet(KEY).encrypt(json.dumps(asked.to_dict()).encode()))
    return asked.digest


def answered(root: Path, asked: ScoreRequest, scorer: Scorer) -> dict[str, Any]:
    digest = leave(root, asked)
    assert answer_question(digest, root=root, key=KEY, scorer_for=lambda _: scorer)
    found: dict[str, Any] = json.loads((root / "scores" / digest / "answer.json").read_text())
    return found


def test_an_answer_says_yes_to_half_and_holds_no_text(tmp_path: Path) -> None:
    asked = request(intruder=[{"trial": 6, "snippets": [{"id": 7, "text": "a"}, {"id": 8, "text": "much longer"}]}])
    found = ScoreAnswer.from_dict(answered(tmp_path, asked, ByLength()))
    (trial,) = found.detection
    assert [one["said"] for one in trial["judgements"]] == [False, False, True, True]
    assert [one["snippet"] for one in trial["judgements"]] == [1, 2, 3, 4]
    assert found.intruder == [{"trial": 6, "said": 8}]
    assert found.model == "length of the text"
    everything = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"troponin" not in everything


def test_a_question_is_answered_once(tmp_path: Path) -> None:
    asked = request()
    answered(tmp_path, asked, ByLength())

    def none_left(_: ScoreRequest) -> Scorer:
        raise AssertionError("asked again")

    assert answer_question(asked.digest, root=tmp_path, key=KEY, scorer_for=none_left)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scorer": "oracle"}, "There is no scorer 'oracle'"),
        ({"scorer_version": "embedding-0"}, "update the older of the two sides"),
        (
            {"scorer": JUDGE, "scorer_version": SCORERS[JUDGE], "intruder": [{"trial": 1, "snippets": []}]},
            "does not do intruder",
        ),
        ({"fuzzing": [{"trial": 1, "label": "", "rationale": "", "snippets": []}]}, "needs two snippets"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    found = Failure.from_dict(answered(tmp_path, request(**changes), ByLength()))
    assert words in found.sentence
    assert not found.retry_helps


def test_an_error_of_the_program_quotes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(ByLength):
        def detection(self, questions: Sequence[Question]) -> list[Numbers]:
            raise KeyError(questions[0].rationale)

    found = Failure.from_dict(answered(tmp_path, request(), Broken()))
    assert "KeyError" in found.sentence
    assert found.retry_helps
    assert RATIONALE not in found.sentence + caplog.text


def test_a_model_that_gives_no_number_is_told_and_not_taken_for_a_no(tmp_path: Path) -> None:
    class NoNumber(ByLength):
        def detection(self, questions: Sequence[Question]) -> list[Numbers]:
            return [np.array([0.1, np.nan, 0.2, 0.3]) for _ in questions]

    found = Failure.from_dict(answered(tmp_path, request(), NoNumber()))
    assert "something other than a number" in found.sentence


def test_what_kills_every_worker_ends_in_a_sentence(tmp_path: Path) -> None:
    digest = leave(tmp_path, request())
    write_json(tmp_path / "scores" / digest / ATTEMPTS_FILE, {"deaths": MOST_DEATHS})
    assert answer_question(digest, root=tmp_path, key=KEY, scorer_for=lambda _: ByLength())
    found = Failure.from_dict(read_json(tmp_path / "scores" / digest / "answer.json"))
    assert f"died {MOST_DEATHS} times" in found.sentence
    assert found.retry_helps


@pytest.mark.parametrize("changes", [{}, {"scorer": "oracle"}], ids=["answered", "refused"])
def test_the_text_is_gone_once_there_is_an_answer(tmp_path: Path, changes: dict[str, Any]) -> None:
    asked = request(**changes)
    answered(tmp_path, asked, ByLength())
    question = tmp_path / "scores" / asked.digest / "question"
    assert not question.exists()
    question.write_bytes(b"asked again, while the answer has not been taken in")
    assert answer_question(asked.digest, root=tmp_path, key=KEY, scorer_for=lambda _: ByLength())
    assert not question.exists()


def test_another_key_is_told(tmp_path: Path) -> None:
    digest = leave(tmp_path, request())
    other = Fernet.generate_key().decode()
    assert answer_question(digest, root=tmp_path, key=other, scorer_for=lambda _: ByLength())
    found = json.loads((tmp_path / "scores" / digest / "answer.json").read_text())
    assert "the same ARTIFACT_KEY" in found["sentence"]


def test_a_question_that_was_withdrawn_is_not_brought_back(tmp_path: Path) -> None:
    digest = request().digest
    assert not answer_question(digest, root=tmp_path, key=KEY, scorer_for=lambda _: ByLength())
    assert not (tmp_path / "scores").exists()


def test_a_name_that_is_no_digest_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(BadQuestion, match="64 hex digits"):
        answer_question("../elsewhere", root=tmp_path, key=KEY, scorer_for=lambda _: ByLength())
