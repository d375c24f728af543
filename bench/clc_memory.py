"""Memory of a process that computes CLC on a large study."""

import json
import os
import subprocess
import sys
from typing import Any

from bench.harness import BenchError, at_most
from bench.wide_table import CLASSES, LATENTS, RATERS_A_LATENT

NAME = "clc_memory"
HOW = (
    f"highest resident memory of a process that computes CLC on {LATENTS:,} latents x {RATERS_A_LATENT} raters x "
    f"{CLASSES} classes, over 1 GB"
)
TARGET = at_most(1.0)
LIMIT, SECONDS = 1e9, 300


def measure() -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.clc_apart", "1", "1"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if ran.returncode:
        raise BenchError(f"CLC could not be computed: {ran.stderr.strip().splitlines()[-1]}")
    peak = json.loads(ran.stdout)["bytes"]
    return {"value": peak / LIMIT, "detail": f"{peak / 1e9:.2f} GB, the answers included"}
