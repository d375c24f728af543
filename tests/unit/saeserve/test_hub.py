"""A hub id is fetched once, pinned by its commit, and read from the cache afterwards; offline nothing is asked."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import urlsplit

import pytest

from saeserve.checkpoint import BadModel, find_checkpoint, offline_by_environment, weights_digest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FIND = """
import json, sys
from saeserve.checkpoint import BadModel, find_checkpoint
answers = []
for hub_id, offline, revision in json.loads(sys.argv[1]):
    try:
        found = find_checkpoint(hub_id, offline=offline, revision=revision)
        answers.append([str(found.folder), found.name, found.commit])
    except BadModel as error:
        answers.append([type(error).__name__, str(error), error.retry_helps])
print(json.dumps(answers))
"""
Request = tuple[str, bool, str | None]
"""Hub id, whether to stay offline, revision."""


@pytest.fixture
def hub(model_folder: Path, tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """A hub on this machine with one repository, tiny/llama, and the requests that it has had."""
    asked: list[str] = []
    repository = copytree(model_folder, tmp_path / "repository")
    (repository / "code.py").write_text("raise SystemExit")
    (repository / "pytorch_model.bin").write_bytes(b"pickle")
    (repository / "onnx").mkdir()
    (repository / "onnx" / "model.safetensors").write_bytes(b"other")
    files = {path.relative_to(repository).as_posix(): path for path in repository.rglob("*") if path.is_file()}

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            asked.append(path)
            if path.startswith(f"/tiny/llama/resolve/{COMMIT}/") and (name := path.split("/", 5)[5]) in files:
                body = files[name].read_bytes()
                self._answer(200, body, ETag=f'"{hashlib.sha1(body).hexdigest()}"')
            elif path in ("/api/models/tiny/llama", "/api/models/tiny/llama/revision/main"):
                self._answer(200, json.dumps({"id": "tiny/llama", "sha": COMMIT}).encode())
            elif path == f"/api/models/tiny/llama/tree/{COMMIT}":
                rows = [
                    {"type": "file", "path": name, "size": file.stat().st_size, "oid": "0"}
                    for name, file in files.items()
                ]
                self._answer(200, json.dumps(rows).encode())
            else:
                known = path.startswith("/api/models/tiny/llama/")
                self._answer(404, b"{}", **{"X-Error-Code": "RevisionNotFound" if known else "RepoNotFound"})

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            sent = {"Content-Length": str(len(body)), "X-Repo-Commit": COMMIT, "Content-Type": "application/json"}
            for name, value in (sent | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def find(home: Path, endpoint: str, *requests: Request, offline: str = "0") -> list[list[Any]]:
    """What a process of its own finds: the hub's client reads its environment once."""
    environment = {
        **os.environ, "HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": offline,
        "TRANSFORMERS_OFFLINE": offline, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
    }  # fmt: skip
    command = [sys.executable, "-c", FIND, json.dumps(requests)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    answers: list[list[Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    return answers


def test_a_hub_id_is_fetched_once_and_then_found_without_asking(
    hub: tuple[str, list[str]], model_folder: Path, tmp_path: Path
) -> None:
    endpoint, asked = hub
    home = tmp_path / "home"
    (found,) = find(home, endpoint, ("tiny/llama", False, None))
    folder = Path(found[0])
    assert found[1:] == ["tiny/llama", COMMIT]
    assert weights_digest(folder) == weights_digest(model_folder)
    assert {path.name for path in folder.iterdir()} == {path.name for path in model_folder.iterdir()}
    asked.clear()
    *again, missing, pinned = find(
        home,
        endpoint,
        ("tiny/llama", True, None),
        ("tiny/llama", True, COMMIT),
        (f"tiny/llama@{COMMIT}", True, None),
        ("tiny/llama", True, "v2"),
        ("tiny/llama@v2", True, None),
    )
    assert again == [found, found, found]
    assert missing[0] == pinned[0] == "BadModel"
    assert "tiny/llama at revision v2 is not in this machine's hub cache" in missing[1] == pinned[1]
    forbidden = find(home, endpoint, ("tiny/llama", False, None), ("tiny/other", False, None), offline="1")
    assert forbidden[0] == found
    assert "tiny/other is not in this machine's hub cache and the hub may not be asked" in forbidden[1][1]
    assert asked == []
    assert find_checkpoint(folder, offline=True).commit == COMMIT


def test_what_the_hub_does_not_have_is_refused(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    requests: list[Request] = [("tiny/unknown", False, None), ("tiny/llama", False, "v9")]
    for (hub_id, _, _), (kind, sentence, retry_helps) in zip(
        requests, find(tmp_path / "home", hub[0], *requests), strict=True
    ):
        assert (kind, retry_helps) == ("BadModel", False)
        assert f"The hub does not give out {hub_id}" in sentence


def test_a_hub_that_does_not_answer_may_later(tmp_path: Path) -> None:
    ((kind, sentence, retry_helps),) = find(tmp_path / "home", "http://127.0.0.1:9", ("tiny/llama", False, None))
    assert (kind, retry_helps) == ("ModelUnreachable", True)
    assert "could not be fetched from the hub" in sentence


def test_a_folder_has_one_revision(model_folder: Path) -> None:
    with pytest.raises(BadModel, match="revision 'v2' cannot be chosen from it"):
        find_checkpoint(model_folder, offline=True, revision="v2")


def test_one_revision_is_asked_for() -> None:
    with pytest.raises(BadModel, match="at revision v1 and at v2; name one"):
        find_checkpoint("tiny/llama@v1", offline=True, revision="v2")


@pytest.mark.parametrize("name", ["no such folder", "org/name@", "a/b/c", "/nowhere/llama", "org/na me"])
def test_what_is_neither_folder_nor_id_is_refused(name: str) -> None:
    with pytest.raises(BadModel, match="there is no such folder"):
        find_checkpoint(name, offline=True)


def test_the_environment_forbids_asking_the_hub() -> None:
    assert offline_by_environment({"HF_HUB_OFFLINE": "1"})
    assert offline_by_environment({"TRANSFORMERS_OFFLINE": "true"})
    assert not offline_by_environment({"HF_HUB_OFFLINE": "0"})
    assert not offline_by_environment({})
