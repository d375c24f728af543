"""What one new rating costs in a study of 3,000 latents, over computing everything from nothing."""

import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.harness import at_most
from bench.made_up_study import made_up_study, one_more_rating
from bench.site import prepare, settle

NAME = "recompute_over_full"
HOW = (
    "Processor seconds, of the worker and of its database connection, until pages and verdicts have one new rating, "
    "over those of everything that a run stores, sensitivity included, from nothing: 3,000 latents with three or four "
    "ratings by 48 raters of six hospitals in three rounds, the shipped rubric, in one process, one after the other. "
    "BENCH_LATENTS: another number of latents."
)
TARGET = at_most(0.5)
LATENTS = 3_000
"""With 10,000 it takes some eight minutes of processor time."""
MEGABYTE = 1024


def measure() -> dict[str, Any]:
    prepare()
    world = made_up_study(latents=int(os.environ.get("BENCH_LATENTS", LATENTS)))
    settle()
    whole, sensitivity = _computed(world), _explored(world)
    settle()
    one_more_rating(world, latent=7)
    again = _computed(world)
    kept = _kept(world)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE
    return {
        "value": again / (whole + sensitivity),
        "detail": f"{_latents(world):,} latents: {again:.0f} s over {whole:.0f} s and {sensitivity:.0f} s of "
        f"sensitivity; without that {again / whole:.2f}; {kept}; {memory:.0f} MB",
    }


def _computed(world: Any) -> float:
    """Agreement, consensus and all that verdicts rest on."""
    from annotation.actions.results import compute_results
    from tests.world import NOW

    return _spent(lambda: compute_results(study_id=world.study.pk, now=NOW))


def _explored(world: Any) -> float:
    """What follows once it is quiet: refits with anyone left out."""
    from annotation.actions.results import compute_sensitivity
    from tests.world import NOW

    return _spent(lambda: compute_sensitivity(study_id=world.study.pk, now=NOW))


def _spent(job: Callable[[], object]) -> float:
    """Processor seconds of a job that comes to something: whatever else the machine does takes none of them."""
    before = _processor_seconds()
    assert job() is not None
    return _processor_seconds() - before


def _processor_seconds() -> float:
    """Of this process, and of the server's process behind its connection (proc(5): fields 14 and 15 of stat)."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    fields = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    own = os.times()
    return own.user + own.system + ticks / os.sysconf("SC_CLK_TCK")


def _kept(world: Any) -> str:
    """How many steps of the newest run took over what was there."""
    from annotation.models import ResultStep
    from annotation.queries.results import newest_run

    steps = ResultStep.objects.filter(run=newest_run(world.study))
    return f"{steps.filter(kept_from__isnull=False).count()} of {steps.count()} steps kept"


def _latents(world: Any) -> int:
    from annotation.queries.results import newest_run

    run = newest_run(world.study)
    assert run is not None
    return run.latents
