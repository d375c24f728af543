"""Where a run's files lie under the artifact root, and what can be told from their presence."""

import json
from dataclasses import dataclass
from pathlib import Path

from saeserve.artifacts import read_json
from saeserve.contract import CANCEL_FILE, FAILURE_FILE, MANIFEST_FILE, Manifest, MiningRequest, UnknownVersion

REQUEST_FILE = "request.json"
SHARDS = "shards"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run; it need not exist yet."""

    path: Path

    @classmethod
    def of(cls, root: Path, digest: str) -> "RunFolder":
        return cls(root / "runs" / digest)

    @property
    def digest(self) -> str:
        return self.path.name

    @property
    def finished(self) -> bool:
        return (self.path / MANIFEST_FILE).is_file()

    @property
    def failed(self) -> bool:
        return (self.path / FAILURE_FILE).is_file()

    @property
    def cancelled(self) -> bool:
        return (self.path / CANCEL_FILE).is_file()

    @property
    def open(self) -> bool:
        """Whether there is still work to do and nobody asked to stop."""
        return not (self.finished or self.failed or self.cancelled)

    def shard(self, number: int) -> Path:
        return self.path / SHARDS / f"{number:06d}.safetensors"

    def done(self) -> set[int]:
        """Numbers of the shards that are mined."""
        return {int(file.stem) for file in (self.path / SHARDS).glob("[0-9]*.safetensors")}

    def manifest(self) -> Manifest:
        return Manifest.from_dict(read_json(self.path / MANIFEST_FILE))

    def request(self) -> MiningRequest | None:
        """What was asked for; None where that cannot be read as the request of this folder."""
        try:
            request = MiningRequest.from_dict(read_json(self.path / REQUEST_FILE))
        except (OSError, json.JSONDecodeError, UnknownVersion, TypeError, AttributeError):
            return None
        return request if request.digest == self.digest else None


def run_folder(root: Path, request: MiningRequest) -> Path:
    return RunFolder.of(root, request.digest).path


def corpus_file(root: Path, corpus_digest: str) -> Path:
    return root / "corpora" / corpus_digest / "documents.jsonl"
