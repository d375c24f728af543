"""The real indexes of ICD-10-CM and HPO, made once by the real process and kept between runs."""

import subprocess
import sys
from functools import cache
from pathlib import Path

from annotation.codes.systems import SYSTEMS

REPOSITORY = Path(__file__).resolve().parent.parent


@cache
def code_folder() -> Path:
    """Where they lie. An index made by other rules has another name, so that none is ever out of date."""
    folder = REPOSITORY / "var" / "codes"
    for system in SYSTEMS:
        subprocess.run(
            [sys.executable, "-m", "annotation.codes.build", system, str(folder)], cwd=REPOSITORY, check=True
        )
    return folder


def lay_out(artifact_root: Path) -> None:
    """Put them where the site looks for them."""
    place = artifact_root / "codes"
    if not place.exists():
        place.symlink_to(code_folder(), target_is_directory=True)
