"""The project's own files, for tests about the repository itself."""

import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent


def tracked() -> list[Path]:
    """Every file that a clone would have, new ones that are not ignored included."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    return [path for name in listing.split("\0") if name and (path := PROJECT / name).is_file()]


def texts() -> dict[Path, str]:
    """The tracked text files and what they say."""
    found = {}
    for path in tracked():
        try:
            found[path.relative_to(PROJECT)] = path.read_text()
        except UnicodeDecodeError:
            continue
    return found
