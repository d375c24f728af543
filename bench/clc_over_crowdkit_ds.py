"""How long CLC takes on a large study, over crowd-kit's Dawid-Skene on the same table.

crowd-kit brings packages that this project does not want (transformers, pyarrow, nltk), so it lives in an environment
of its own, var/crowdkit, made the first time, from the ordinary package index, without torch. Both sides run alone and
in turn, each with one thread of linear algebra; the shortest of several runs counts.
"""

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from bench.harness import BenchError, at_most
from bench.wide_table import CLASSES, LATENTS, RATERS_A_LATENT, wide_answers

NAME = "clc_over_crowdkit_ds"
HOW = (
    f"seconds of CLC on {LATENTS:,} latents x {RATERS_A_LATENT} raters x {CLASSES} classes (alpha .3), with flip rates "
    "and opinions, over those of crowd-kit's Dawid-Skene as it comes, shortest of several runs in turn"
)
TARGET = at_most(1.0)
REPOSITORY = Path(__file__).parents[1]
ENVIRONMENT = REPOSITORY / "var" / "crowdkit"
REQUIREMENTS = ("crowd-kit==1.4.2", "scikit-learn==1.5.2", "pandas==3.1.1", "numpy==2.4.6")
INSTALL_SECONDS, RUN_SECONDS = 1200, 300
TURNS, REPEATS, SEED = 3, 3, 1


def measure() -> dict[str, Any]:
    ours, theirs = compared()
    return {
        "value": ours["seconds"] / theirs["seconds"],
        "detail": f"CLC {ours['seconds']:.2f} s in {ours['iterations']} steps of EM, "
        f"crowd-kit {theirs['seconds']:.2f} s in {theirs['iterations']}; "
        f"CLC's process took {ours['bytes'] / 1e9:.2f} GB at most",
    }


@cache
def compared() -> tuple[dict[str, float], dict[str, float]]:
    """Seconds (shortest), iterations and bytes of CLC; seconds and iterations of crowd-kit."""
    python = crowdkit()
    with tempfile.TemporaryDirectory(prefix="crowdkit-bench-") as folder:
        table = Path(folder) / "answers.json"
        table.write_text(json.dumps([(a.latent, a.rater, a.value) for a in wide_answers(SEED)]))
        script = REPOSITORY / "bench" / "witness" / "time_dawid_skene.py"
        ours, theirs = [], []
        for _ in range(TURNS):
            ours.append(_said([sys.executable, "-m", "bench.clc_apart", str(SEED), str(REPEATS)]))
            theirs.append(_said([str(python), str(script), str(table), str(REPEATS)]))
    return min(ours, key=_seconds), min(theirs, key=_seconds)


def _seconds(said: dict[str, float]) -> float:
    return said["seconds"]


def crowdkit() -> Path:
    """The interpreter that has crowd-kit, installed first where it is missing. Raises BenchError where it cannot be."""
    python, ready = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "ready"
    if ready.is_file() and ready.read_text() == "\n".join(REQUIREMENTS):
        return python
    print("Installing crowd-kit into var/crowdkit (once, some minutes)", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], INSTALL_SECONDS)
    _run(
        [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", *REQUIREMENTS], INSTALL_SECONDS
    )
    ready.write_text("\n".join(REQUIREMENTS))
    return python


def _said(command: list[str]) -> dict[str, float]:
    said: dict[str, float] = json.loads(_run(command, RUN_SECONDS))
    return said


def _run(command: list[str], seconds: int) -> str:
    """What it printed. Raises BenchError with its last line where it fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        ran = subprocess.run(
            command,
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise BenchError(f"{NAME} cannot be measured: {error}") from error
    if ran.returncode:
        last = (ran.stderr.strip() or ran.stdout.strip() or f"exit code {ran.returncode}").splitlines()[-1]
        raise BenchError(f"{NAME} cannot be measured: {last}")
    return ran.stdout
