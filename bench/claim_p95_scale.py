"""Whether handing out the next latent gets slower in a hundred times larger round."""

import asyncio
import os
from typing import Any

from bench.harness import at_most
from bench.rater import Rater, rater
from bench.site import more_raters, open_round, prepare, session_of, settle, site
from bench.times import centile

NAME = "claim_p95_scale"
HOW = (
    "p95 of claim with its page over HTTP, served as by `make run`, with 100,000 open places over the same with 1,000: "
    "two studies in one database, one rater in both, by turns"
)
TARGET = at_most(1.3)
DURABLE = True
CLAIMS = int(os.environ.get("BENCH_CLAIMS", "250"))
SMALL, SMALL_EACH = 2 * CLAIMS, 2
LARGE, LARGE_EACH = int(os.environ.get("BENCH_LATENTS", "20000")), 5

MORE_LATENTS = """
INSERT INTO annotation_latent (run_id, index, identity, firings, documents, density, max_activation, histogram,
    decile_edges)
SELECT run_id, index + %(small)s * copy, md5(index || '-' || copy) || md5(copy || '-' || index), firings, documents,
    density, max_activation, histogram, decile_edges
FROM annotation_latent CROSS JOIN generate_series(1, %(copies)s) AS copy WHERE run_id = %(run)s;
INSERT INTO annotation_snippet (latent_id, document_id, kind, rank, decile, start, "end", peak, tokens, section,
    context_start, context_end)
SELECT copied.id, s.document_id, s.kind, s.rank, s.decile, s.start, s."end", s.peak, s.tokens, s.section,
    s.context_start, s.context_end
FROM annotation_snippet s JOIN annotation_latent l ON l.id = s.latent_id
JOIN annotation_latent copied ON copied.run_id = l.run_id AND copied.index %% %(small)s = l.index
WHERE l.run_id = %(run)s AND l.index < %(small)s AND copied.index >= %(small)s
    AND s.kind IN ('top', 'decile', 'foil-random', 'foil-hard');
"""


def measure() -> dict[str, Any]:
    prepare()
    from annotation.models import Slot
    from tests import world as worlds

    world = worlds.build(latents=SMALL, sample=SMALL, open_the_round=False)
    more_raters(world, LARGE_EACH)
    open_round(world, SMALL_EACH)
    large = _large_study(world)
    settle()
    free = [Slot.objects.filter(round__study__slug=slug, state="open").count() for slug in ("hearts", large)]
    form = worlds.complete_form(world.study)
    with site() as address:
        small, wide = asyncio.run(_by_turns(address, session_of(world.ada), ("hearts", large), form))
    low, high = centile(small, 95), centile(wide, 95)
    return {
        "value": high / low,
        "detail": f"p50/p95 {centile(wide, 50):.1f}/{high:.1f} ms with {free[1]:,} open places, "
        f"{centile(small, 50):.1f}/{low:.1f} ms with {free[0]:,}; {len(wide)} claims of each",
    }


def _large_study(world: Any) -> str:
    """A second study on the same run, with copies of its latents and their snippets."""
    from django.db import connection

    from annotation.actions.people import add_member
    from annotation.actions.sampling import draw_sample
    from annotation.actions.studies import create_study
    from annotation.enums import Role
    from annotation.models import Membership
    from tests.world import NOW

    facts = {"small": SMALL, "copies": LARGE // SMALL, "run": world.study.run_id}
    with connection.cursor() as cursor:
        cursor.execute(MORE_LATENTS, facts)
    study = create_study(
        slug="many", name="Many", purpose="", rubric=world.study.rubric, run=world.study.run, concepts=["chest pain"],
        by=world.rosa, now=NOW, sample_size=LARGE, raters_per_latent=LARGE_EACH,
    )  # fmt: skip
    for member in Membership.objects.filter(study=world.study).select_related("user", "institution"):
        role = Role(member.role)
        add_member(study=study, user=member.user, role=role, institution=member.institution, by=None, now=NOW)
    draw_sample(study=study, by=world.rosa, now=NOW)
    world_of = type("LargeWorld", (), {"study": study, "rosa": world.rosa})
    open_round(world_of, LARGE_EACH)
    return "many"


async def _by_turns(
    address: str, session: str, slugs: tuple[str, str], form: dict[str, Any]
) -> tuple[list[float], list[float]]:
    both = [rater(address, slug, session, form) for slug in slugs]
    try:
        for turn in range(CLAIMS + 10):
            for one in both if turn % 2 else both[::-1]:
                await _pair(one)
    finally:
        await asyncio.gather(*(one.http.close() for one in both))
    return both[0].claims[10:], both[1].claims[10:]


async def _pair(one: Rater) -> None:
    if not await one.claim():
        raise RuntimeError("The rater ran out of latents: make more of them.")
    await one.submit()
