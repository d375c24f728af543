"""The scorers themselves: real models, and a real server that speaks the protocol of hosted ones."""

import dataclasses
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from saeserve.contract import JUDGE, SCORERS, ScoreRequest
from saeserve.language_model import load_language_model
from saeserve.packages import ModelUnavailable
from saeserve.scorers import endpoint_judge
from saeserve.scorers.available import Available
from saeserve.scorers.base import BadQuestion, Question, Shown, said
from saeserve.scorers.embedding import EmbeddingScorer, marked_passages, stretches_of
from saeserve.scorers.endpoint_judge import BadEndpoint, EndpointDown, EndpointJudge, odds_of
from saeserve.scorers.judge import JudgeScorer, with_marks
from saeserve.scorers.local_judge import LocalJudge
from saeserve.scorers.sentences import Sentences
from saeserve.sentence_model import prepare_sentence_model
from saeserve.settings import JudgeSettings
from tests.conftest import REPOSITORY
from tests.unit.saeserve.tiny import write_model

CHEST = (
    "He woke with crushing chest pain that went to the left arm and lasted two hours.",
    "Since the morning she has had pressure behind the sternum on the stairs.",
    "Retrosternal tightness, worse on exertion, relieved by nitroglycerin under the tongue.",
)
OTHER = (
    "The cast on her wrist was taken off; the fracture line is hardly to be seen.",
    "Vision of the right eye 20/40, the lens clouded, cataract surgery is planned.",
    "A red and scaling rash on both elbows, he asks for another ointment.",
)


def question(snippets: tuple[str, ...]) -> Question:
    return Question("chest pain", "They complain of pain or pressure in the chest.", tuple(map(Shown, snippets)))


@pytest.fixture(scope="module")
def sentence_model_folder() -> Path:
    return prepare_sentence_model(REPOSITORY / "var" / "models", say=lambda line: None)


@pytest.fixture(scope="module")
def embedding(sentence_model_folder: Path) -> EmbeddingScorer:
    return EmbeddingScorer(Sentences(sentence_model_folder))


@pytest.mark.model
def test_the_sentence_model_tells_what_a_rationale_speaks_of(embedding: EmbeddingScorer) -> None:
    numbers = embedding.detection([question((*OTHER, *CHEST))])[0]
    assert said(numbers) == [False] * 3 + [True] * 3
    assert embedding.model.startswith("all-minilm-l6-v2 ")


@pytest.mark.model
def test_a_trial_has_the_same_numbers_in_any_company(embedding: EmbeddingScorer) -> None:
    alone = embedding.detection([question(CHEST)])[0]
    longer = question((*OTHER, "word " * 300))
    in_company = embedding.detection([longer, question(CHEST)])[1]
    np.testing.assert_allclose(alone, in_company, atol=1e-6)


@pytest.mark.model
def test_the_snippet_that_does_not_belong_is_found(embedding: EmbeddingScorer) -> None:
    pains = ("Chest pain came back at night.", "No more chest pain since noon.", "Chest pain, worse on stairs.")
    for odd in OTHER:
        numbers = embedding.intruder([[pains[0], odd, *pains[1:]]])[0]
        assert int(np.argmax(numbers)) == 1


@pytest.mark.model
def test_marked_words_are_told_from_others(embedding: EmbeddingScorer) -> None:
    text = (
        "The dressing is dry and clean and the wound edges are closed without redness or swelling today. Later in the "
        "afternoon there was crushing chest pain again and the ECG was repeated at once by the nurse."
    )
    pain, dressing = text.index("chest pain"), text.index("dressing")
    shown = (Shown(text, ((pain, pain + 10),)), Shown(text, ((dressing, dressing + 8),)))
    numbers = embedding.fuzzing([Question("chest pain", "They complain of pain in the chest.", shown)])[0]
    assert numbers[0] > numbers[1]


def test_stretches_overlap_and_lose_no_word() -> None:
    words = [str(i) for i in range(21)]
    stretches = stretches_of(" ".join(words))
    assert [word for stretch in stretches for word in stretch.split()][:8] == words[:8]
    assert {word for stretch in stretches for word in stretch.split()} == set(words)
    assert stretches_of("two words") == ["two words"]
    assert stretches_of(" ") == [" "]


def test_marked_words_are_read_with_whole_neighbours() -> None:
    text = "a" * 50 + " before the pain after it " + "b" * 50
    start = text.index("pain")
    assert marked_passages(Shown(text, ((start, start + 4),))) == ["before the pain after it"]
    assert marked_passages(Shown("nothing marked")) == ["nothing marked"]
    assert with_marks(Shown("no pain today", ((3, 7),))) == "no [[pain]] today"


def test_a_missing_sentence_model_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="python -m saeserve scorer --into"):
        Sentences(tmp_path / "all-minilm-l6-v2")


@pytest.mark.model
def test_a_small_instruction_model_judges_and_gives_the_same_answer_twice(reference_folder: Path) -> None:
    judge = JudgeScorer(LocalJudge(load_language_model(reference_folder)))
    asked = question((OTHER[0], CHEST[0], OTHER[1], CHEST[2]))
    first, again = judge.detection([asked])[0], judge.detection([asked])[0]
    assert first.tolist() == again.tolist()
    assert len(set(first.tolist())) == 4
    assert judge.model.startswith("SmolLM2-135M-Instruct ")
    with pytest.raises(BadQuestion, match="not about intruders"):
        judge.intruder([CHEST])


@pytest.mark.model
def test_no_model_judges_its_own_latents(reference_folder: Path) -> None:
    here = Available(Path("none"), JudgeSettings(model=str(reference_folder)), "cpu", place=Path)
    asked = ScoreRequest(scorer=JUDGE, scorer_version=SCORERS[JUDGE], subject_model=str(reference_folder))
    with pytest.raises(BadQuestion, match="whose latents are judged"):
        here.scorer_for(asked)


def test_another_model_may_judge_and_a_namesake_or_a_subject_that_is_gone_may_not(
    model_folder: Path, tmp_path: Path
) -> None:
    judge = write_model(tmp_path / "judge", seed=12)
    here = Available(Path("none"), JudgeSettings(model=str(judge)), "cpu", place=Path)

    def ask(subject: Path) -> str:
        asked = ScoreRequest(scorer=JUDGE, scorer_version=SCORERS[JUDGE], subject_model=str(subject))
        return here.scorer_for(asked).model

    assert ask(model_folder).startswith("judge ")
    with pytest.raises(BadQuestion, match="bears its name"):
        ask(write_model(tmp_path / "copies" / "Judge", seed=13))
    with pytest.raises(BadQuestion, match="cannot be told"):
        ask(tmp_path / "gone")
    same = tmp_path / "other-name"
    judge_copy = copytree(judge, same)
    with pytest.raises(BadQuestion, match="whose latents are judged"):
        ask(judge_copy)
    write_model(same, seed=14)
    assert ask(same).startswith("judge "), "weights that have changed since are read anew"


@pytest.mark.parametrize("subject", ["org/Clinical-70B", "org/clinical-70b@main", "models/clinical_70b/"])
def test_a_host_that_serves_the_subject_itself_is_not_asked(subject: str) -> None:
    settings = JudgeSettings(url="https://models.hospital.example/v1", name="hospital/clinical-70b:latest")
    here = Available(Path("none"), settings, "cpu", place=lambda source: source)
    asked = ScoreRequest(scorer=JUDGE, scorer_version=SCORERS[JUDGE], subject_model=subject)
    with pytest.raises(BadQuestion, match="whose latents are judged"):
        here.scorer_for(asked)
    other = dataclasses.replace(asked, subject_model="org/clinical-7b")
    assert here.scorer_for(other).model == "hospital/clinical-70b:latest at models.hospital.example"


def test_no_judge_is_set_up_unless_the_operator_does() -> None:
    here = Available(Path("none"), JudgeSettings(), "cpu", place=Path)
    with pytest.raises(BadQuestion, match="Set SAESERVE_JUDGE"):
        here.scorer_for(ScoreRequest(scorer=JUDGE, scorer_version=SCORERS[JUDGE]))


@dataclass
class Host:
    """A server on loopback that answers as hosted models do; `word_for` decides, `troubles` come first."""

    troubles: list[int] = field(default_factory=list)
    with_odds: bool = True
    refuses_odds: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    address: str = ""

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append(body)
        if self.troubles:
            return self.troubles.pop(), {}
        if self.refuses_odds and "logprobs" in body:
            return 400, {"error": "unknown field"}
        prompt = body["messages"][0]["content"]
        yes = "chest" in prompt.split("Description:")[0] and "(no description)" not in prompt
        choice: dict[str, Any] = {"message": {"content": "Yes" if yes else "No"}}
        if self.with_odds:
            top = [{"token": " Yes", "logprob": -0.1 if yes else -3.0}, {"token": "No", "logprob": -2.0}]
            choice["logprobs"] = {"content": [{"top_logprobs": top}]}
        return 200, {"choices": [choice]}


def own_certificate(folder: Path) -> ssl.SSLContext:
    """Of a server that signed its certificate itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file, pem = folder / "server.pem", serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(secret + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.fixture
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """Over TLS, with a certificate of its own, where a test asks for it."""
    found, tls = Host(), getattr(request, "param", False)

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.keys.append(self.headers["Authorization"])
            length = int(self.headers["Content-Length"])
            status, record = found.answer(json.loads(self.rfile.read(length)) | {"path": self.path})
            body = json.dumps(record).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that hangs up over the certificate is what a test wants."""

    server = Server(("127.0.0.1", 0), Answers)
    if tls:
        server.socket = own_certificate(tmp_path).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.address = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/v1"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_judge, "PAUSE", 0.0)


@pytest.mark.parametrize("with_odds", [True, False])
def test_a_hosted_model_is_asked_for_one_token(host: Host, with_odds: bool) -> None:
    host.with_odds = with_odds
    judge = JudgeScorer(EndpointJudge(host.address, "clinical-70b", key="secret"))
    numbers = judge.detection([question((OTHER[0], CHEST[0]))])[0]
    assert said(numbers) == [False, True]
    assert judge.model == "clinical-70b at 127.0.0.1"
    assert {body["max_tokens"] for body in host.asked} == {1}
    assert {body["path"] for body in host.asked} == {"/v1/chat/completions"}
    assert set(host.keys) == {"Bearer secret"}


def test_a_host_that_stumbles_is_asked_again_and_one_that_refuses_is_not(host: Host) -> None:
    host.troubles = [503, 429]
    assert EndpointJudge(host.address, "m").log_odds(["chest Description: x"]) == [pytest.approx(1.9)]
    assert len(host.asked) == 3
    host.troubles = [401]
    with pytest.raises(BadEndpoint, match="refused the question"):
        EndpointJudge(host.address, "m").log_odds(["x"])
    assert len(host.asked) == 4


def test_a_host_that_refuses_log_probabilities_is_asked_for_its_word_from_then_on(host: Host) -> None:
    host.refuses_odds, host.with_odds = True, False
    judge = EndpointJudge(host.address, "m")
    assert judge.log_odds(["chest Description: x", "wrist Description: x"]) == [10.0, -10.0]
    assert ["logprobs" in body for body in host.asked] == [True, False, False]
    host.troubles = [400, 400]
    with pytest.raises(BadEndpoint, match="does not take the question"):
        EndpointJudge(host.address, "unknown").log_odds(["x"])


def test_an_answer_that_is_no_chat_completion_is_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for record in ({"choices": []}, {"choices": [{"logprobs": {"content": [{"top_logprobs": [{"token": "no",
            "logprob": "high"}]}]}}]}, {"choices": [{"message": {"content": ["yes"]}}]}):  # fmt: skip
        monkeypatch.setattr(host, "answer", lambda _body, record=record: (200, record))
        with pytest.raises(BadEndpoint, match="other than a chat completion"):
            EndpointJudge(host.address, "m").log_odds(["x"])
    monkeypatch.setattr(endpoint_judge, "MOST_BYTES", 5)
    with pytest.raises(BadEndpoint, match="other than JSON"):
        EndpointJudge(host.address, "m").log_odds(["x"])


def test_a_redirection_is_not_followed(host: Host) -> None:
    host.troubles = [307]
    with pytest.raises(BadEndpoint, match="refused the question"):
        EndpointJudge(host.address, "m").log_odds(["x"])
    assert len(host.asked) == 1


@pytest.mark.parametrize("host", [True], indirect=True, ids=["tls"])
def test_a_certificate_that_nobody_here_trusts_is_told_before_any_text_is_sent(host: Host) -> None:
    with pytest.raises(BadEndpoint, match="is not trusted here") as caught:
        EndpointJudge(host.address, "m").log_odds(["x"])
    assert not caught.value.retry_helps
    assert not host.asked


def test_a_host_that_is_away_is_told_as_one_to_ask_again(host: Host) -> None:
    host.troubles = [500] * 3
    with pytest.raises(EndpointDown) as caught:
        EndpointJudge(host.address, "m").log_odds(["x"])
    assert caught.value.retry_helps


def test_snippets_leave_in_the_clear_for_nobody_but_this_machine() -> None:
    with pytest.raises(BadEndpoint, match="without encryption"):
        EndpointJudge("http://models.hospital.example/v1", "m")
    EndpointJudge("http://models.hospital.example/v1", "m", plain_http=True)
    EndpointJudge("https://models.hospital.example/v1", "m")
    for no_address in ("models.hospital.example", "https://[models", "https://models.example:99999/v1"):
        with pytest.raises(BadEndpoint, match="no address"):
            EndpointJudge(no_address, "m")


def test_spellings_of_yes_add_up_and_other_words_do_not_count() -> None:
    top = [{"token": "Yes", "logprob": np.log(0.3)}, {"token": " yes", "logprob": np.log(0.2)}]
    top += [{"token": "Maybe", "logprob": np.log(0.4)}, {"token": "no.", "logprob": np.log(0.1)}]
    assert odds_of({"logprobs": {"content": [{"top_logprobs": top}]}}) == pytest.approx(np.log(5))
    assert odds_of({"message": {"content": "perhaps"}}) == 0.0
