"""What a release costs over Postgres' own COPY: the ratings as CSV, JSON Lines and Parquet, with their digests."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.harness import at_least

NAME = "release_over_copy"
HOW = (
    "Rows a second of writing the ratings' three release files (CSV, JSON Lines, Parquet) with digests, over rows a "
    "second of COPY (the same SELECT) TO STDOUT CSV into a file; medians of interleaved runs on the same rows."
)
TARGET = at_least(0.25)
LATENTS, RATERS, RUNS = 50, 1000, 5
"""50 is all that the tests' world has of eligible latents; each is rated a thousand times."""

PEOPLE = """
INSERT INTO annotation_user (email, name, password, is_active, is_staff, is_superuser)
SELECT 'r' || n || '@bench.example', 'Rater ' || n, '!', true, false, false FROM generate_series(1, %(raters)s) n;
INSERT INTO annotation_membership (study_id, user_id, role, institution_id, pseudonym, joined_at)
SELECT %(study)s, u.id, 'annotator', %(institution)s, 'B' || u.id, now()
FROM annotation_user u WHERE u.email LIKE '%%@bench.example';
"""
RATINGS = """
INSERT INTO annotation_rating (study_id, latent_id, round_id, rater_id, institution_id, revision, reason, submit_token,
    outcome, concept_id, answers, rationale, active_seconds, submitted_at)
SELECT %(study)s, s.id, %(round)s, m.user_id, %(institution)s, 1, '', gen_random_uuid(), 'answered',
    (ARRAY(SELECT id FROM annotation_concept WHERE study_id = %(study)s ORDER BY id))
        [1 + (s.position + m.user_id) %% 4],
    jsonb_build_object('category', 'finding', 'coherence', 1 + (s.position + m.user_id) %% 5, 'specificity', 3,
        'confidence', 4, 'flags', CASE WHEN m.user_id %% 7 = 0 THEN '["artefact"]' ELSE '[]' END::jsonb),
    'The strongest snippets share one idea, “chest pain at rest”, and look-alike no. ' || s.position ||
        ' is silent because it says "no chest pain".',
    20 + random() * 200, now()
FROM annotation_sampledlatent s CROSS JOIN annotation_membership m
WHERE s.study_id = %(study)s AND m.study_id = %(study)s AND m.pseudonym LIKE 'B%%';
"""
RESULTS = """
INSERT INTO annotation_resultrun (study_id, input_digest, method_version, parameters, seed, last_rating, ratings,
    raters, latents, computed_at, seconds, complete, seen)
SELECT %(study)s, repeat('0', 64), 'bench', '{}', 1, max(id), count(*), %(raters)s, %(latents)s, now(), 1,
    true, '{}'
FROM annotation_rating WHERE study_id = %(study)s;
INSERT INTO annotation_consensus (run_id, latent_id, item, classes, votes, q, theta, majority, n_eff, flip_rate,
    entropy, ratings, cannot_tell, institutions, weights, dawid_skene_reason, breakdown)
SELECT r.id, s.id, i.item, '["a", "b"]', '[1, 1]', '[0.5, 0.5]', '[0.5, 0.5]', '["a", "b"]', 2, 0.5, 1, %(raters)s, 0,
    1,
    (SELECT jsonb_object_agg(m.pseudonym, 0.2 + (m.user_id %% 100) / 137.0) FROM annotation_membership m
     WHERE m.study_id = %(study)s AND m.pseudonym LIKE 'B%%'), 'Not computed in this measure.', '[]'
FROM annotation_resultrun r, annotation_sampledlatent s,
    unnest(ARRAY['concept', 'category', 'coherence', 'specificity', 'flags-artefact']) AS i(item)
WHERE r.study_id = %(study)s AND s.study_id = %(study)s;
"""


def measure() -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    cut = _many_ratings()
    release, csv_only, copy = [], [], []
    with tempfile.TemporaryDirectory() as home:
        _write(cut, Path(home) / "warm", ("csv", "jsonl", "parquet"))
        for run in range(RUNS):
            copy.append(_copy(cut, Path(home) / f"copy{run}.csv"))
            csv_only.append(_write(cut, Path(home) / f"csv{run}", ("csv",)))
            release.append(_write(cut, Path(home) / f"all{run}", ("csv", "jsonl", "parquet")))
    rows = cut.run.ratings
    bare, full, one = (statistics.median(seconds) for seconds in (copy, release, csv_only))
    return {
        "value": bare / full,
        "detail": f"{rows / full:,.0f} over {rows / bare:,.0f} rows/s, {rows:,} rows of three files; "
        f"CSV alone {bare / one:.2f}",
    }


def _many_ratings() -> Any:
    """A study with 50,000 ratings, put in by SQL; the triggers check every row."""
    from django.db import connection

    from annotation.models import ResultRun
    from annotation.queries.release_rows import Cut, rated_items, weighed_items
    from tests import world as worlds

    world = worlds.build(latents=LATENTS, sample=LATENTS)
    study, round_ = world.study, world.study.rounds.get()
    facts = {"study": study.pk, "round": round_.pk, "institution": world.north.pk, "raters": RATERS, "latents": LATENTS}
    with connection.cursor() as cursor:
        for statement in (PEOPLE, RATINGS, RESULTS):
            cursor.execute(statement, facts)
        cursor.execute("VACUUM ANALYZE")
    run = ResultRun.objects.get(study=study)
    return Cut(study=study, run=run, items=tuple(rated_items(study)), weighed=tuple(weighed_items(run)))


def _write(cut: Any, folder: Path, formats: tuple[str, ...]) -> float:
    """Seconds for the release's own writer, inside one transaction as in a release."""
    from annotation.actions.releasing import released_tables
    from annotation.export.writers import write_table
    from annotation.queries.release_rows import rows, snapshot

    table = released_tables(cut)[0]
    folder.mkdir()
    started = time.perf_counter()
    with snapshot():
        written = write_table(folder, table, rows(cut, table.name, table.schema), formats=formats)
    seconds = time.perf_counter() - started
    assert written.rows == cut.run.ratings
    return seconds


def _copy(cut: Any, path: Path) -> float:
    """Seconds for COPY of the same SELECT into a file."""
    from django.db import connection

    from annotation.actions.releasing import released_tables
    from annotation.queries.release_rows import snapshot

    table = released_tables(cut)[0]
    select, parameters = cut.select(table.name)
    statement = f"COPY ({select.sql(table.names)}) TO STDOUT (FORMAT csv)"
    started = time.perf_counter()
    with (
        path.open("wb") as file,
        snapshot(),
        connection.cursor() as cursor,
        cursor.copy(statement, parameters) as copy,
    ):
        for line in copy:
            file.write(line)
    return time.perf_counter() - started
