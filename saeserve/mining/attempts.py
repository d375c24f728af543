"""How often a run was begun without getting further: a run that kills every worker must end some time."""

from pathlib import Path

from saeserve.artifacts import read_json, write_json
from saeserve.refusal import Refusal

ATTEMPTS_FILE = "attempts.json"
MOST = 5


class KeepsDying(Refusal):
    """Worker after worker died on this run at the same place."""

    retry_helps = True


def begin_attempt(folder: Path) -> None:
    """Count one more attempt. Raises KeepsDying, and starts counting anew, after MOST that finished no shard."""
    shards = len(list((folder / "shards").glob("*.safetensors")))
    file = folder / ATTEMPTS_FILE
    before = read_json(file) if file.is_file() else {}
    attempts = before.get("attempts", 0) + 1 if before.get("shards") == shards else 1
    if attempts > MOST:
        file.unlink()
        raise KeepsDying(
            f"The worker died {MOST} times with {shards} shards done, most likely for lack of memory; "
            "use smaller shards, a narrower SAE or a machine with more memory."
        )
    write_json(file, {"attempts": attempts, "shards": shards})
