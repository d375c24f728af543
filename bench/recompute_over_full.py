"""What one new rating costs in a study of 10,000 latents, over computing everything from nothing."""

import os
import resource
import time
from typing import Any

from bench.harness import at_most
from bench.made_up_study import LATENTS, made_up_study, one_more_rating
from bench.site import prepare, settle

NAME = "recompute_over_full"
HOW = (
    "Seconds until pages and verdicts have one new rating, over seconds of everything that a run stores, sensitivity "
    "included, from nothing: 10,000 latents with three or four ratings by 48 raters of six hospitals in three rounds, "
    "the shipped rubric, in one process, one after the other. BENCH_LATENTS: fewer, for a look."
)
TARGET = at_most(0.5)
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

    started = time.perf_counter()
    run = compute_results(study_id=world.study.pk, now=NOW)
    assert run is not None
    return time.perf_counter() - started


def _explored(world: Any) -> float:
    """What follows once it is quiet: refits with anyone left out."""
    from annotation.actions.results import compute_sensitivity
    from tests.world import NOW

    started = time.perf_counter()
    assert compute_sensitivity(study_id=world.study.pk, now=NOW) is not None
    return time.perf_counter() - started


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
