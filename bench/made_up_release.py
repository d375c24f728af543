"""A study of any number of ratings to release: a hundred raters on each latent, put in by SQL with results beside them.

Rationales, evidence and answers are as long as real ones, and no two rationales the same: a zip has its work. The
results are rows of the right shape that nothing was computed for: a release reads them as they are.
"""

from typing import Any

RATERS = 100
"""On each latent: every hundred ratings are one more latent, so that all tables of the release grow with them."""
FIRST = 1000
"""Index of the first made-up latent: the world's own come before."""
UNTRIGGERED = ("latentprofile", "sampledlatent", "rating")
LATENTS = """
INSERT INTO annotation_latent (run_id, index, identity, firings, documents, density, max_activation, histogram,
    decile_edges)
SELECT l.run_id, %(first)s + n, lpad(to_hex(n), 64, '0'), 100, 30, 0.001, 10, l.histogram, l.decile_edges
FROM (SELECT * FROM annotation_latent WHERE run_id = %(run)s ORDER BY index LIMIT 1) l,
    generate_series(%(start)s, %(stop)s - 1) n;
INSERT INTO annotation_latentprofile (latent_id, flags, promoted, suppressed, neighbours, coactivation, peak_tokens,
    specialties, sections, positions)
SELECT l.id, '[]', t.tokens, t.tokens, '[{"latent": 1, "cosine": 0.61}]', '[]', '[]',
    '[{"name": "Cardiology", "firings": 80, "lift": 2.0}]', '[]', '[]'
FROM annotation_latent l, (
    SELECT jsonb_agg(jsonb_build_object('token', ' word' || n, 'logit', 3.0 / n)) AS tokens
    FROM generate_series(1, 10) n
) t WHERE l.run_id = %(run)s AND l.index >= %(first)s + %(start)s;
INSERT INTO annotation_sampledlatent (study_id, latent_id, position, stratum, state, extra_rounds, state_reason)
SELECT %(study)s, l.id, l.index, 'rare', 'rating', 0, '' FROM annotation_latent l
WHERE l.run_id = %(run)s AND l.index >= %(first)s + %(start)s;
"""
RATINGS = """
INSERT INTO annotation_rating (study_id, latent_id, round_id, rater_id, institution_id, revision, reason, submit_token,
    outcome, concept_id, concept_written, answers, second_concept_written, rationale, evidence, fits, active_seconds,
    submitted_at)
SELECT %(study)s, s.id, %(round)s, m.user_id, m.institution_id, 1, '', gen_random_uuid(), 'answered',
    (ARRAY(SELECT id FROM annotation_concept WHERE study_id = %(study)s ORDER BY id))
        [1 + (s.position + m.user_id) %% 4],
    'Chest Pain',
    jsonb_build_object('category', 'finding', 'coherence', 1 + (s.position + m.user_id) %% 5, 'specificity', 3,
        'confidence', 4, 'flags', CASE WHEN m.user_id %% 7 = 0 THEN '["artefact"]' ELSE '[]' END::jsonb),
    '',
    'The strongest snippets share one idea, “chest pain at rest”, and look-alike no. ' || s.position ||
        ' is silent because it says "no chest pain". ' || md5(s.id || 'a' || m.id) || md5(s.id || 'b' || m.id),
    CASE WHEN m.user_id %% 4 = 0 THEN jsonb_build_array(jsonb_build_object('snippet', %(snippet)s::bigint,
        'start', 2, 'end', 9)) ELSE '[]'::jsonb END,
    '{}', 20 + random() * 200, now()
FROM annotation_sampledlatent s CROSS JOIN annotation_membership m
WHERE s.study_id = %(study)s AND s.position >= %(first)s + %(start)s
    AND m.study_id = %(study)s AND m.role = 'annotator';
"""
CONSENSUS = """
INSERT INTO annotation_consensus (run_id, latent_id, item, classes, votes, q, theta, majority, n_eff, flip_rate,
    entropy, ratings, cannot_tell, institutions, weights, dawid_skene_reason, breakdown)
SELECT %(results)s, s.id, i.item, '["a", "b"]', '[60, 40]', '[0.7, 0.3]', '[0.6, 0.4]', '["a"]', 40, 0.5, 0.97,
    %(raters)s, 0, 2, w.weights, 'Not computed in this measure.', '[]'
FROM annotation_sampledlatent s,
    unnest(ARRAY['concept', 'category', 'coherence', 'specificity', 'flags-artefact']) AS i(item),
    (SELECT jsonb_object_agg(m.pseudonym, 0.2 + (m.user_id %% 100) / 137.0) AS weights FROM annotation_membership m
     WHERE m.study_id = %(study)s AND m.role = 'annotator') w
WHERE s.study_id = %(study)s AND s.position >= %(first)s;
"""


def empty_study() -> Any:
    """The tests' world with its round open, and as many raters as rate each latent."""
    from tests import world as worlds

    world = worlds.build()
    for number in range(2, RATERS):  # Ada and Ben are two of them.
        worlds.add_rater(world, f"rater-{number}", (world.north, world.south)[number % 2])
    return world


def rate_up_to(world: Any, ratings: int) -> None:
    """More latents, each with all its ratings, until there are so many; and results that hold them all."""
    from annotation.models import Latent, Snippet

    study, run = world.study, world.study.run
    place = {"first": FIRST, "start": Latent.objects.filter(run=run, index__gte=FIRST).count()}
    place["stop"] = ratings // RATERS
    snippet = Snippet.objects.filter(latent__run=run).order_by("pk")[0]
    _untriggered("DISABLE")
    _execute(LATENTS, run=run.pk, study=study.pk, **place)
    _execute(RATINGS, study=study.pk, round=study.rounds.get().pk, snippet=snippet.pk, **place)
    _untriggered("ENABLE")
    _execute(CONSENSUS, study=study.pk, results=_results(study, ratings).pk, raters=RATERS, **place)
    _execute("VACUUM ANALYZE")


def _results(study: Any, ratings: int) -> Any:
    from django.utils import timezone

    from annotation.models import ResultRun
    from annotation.queries.watermarks import watermarks

    seen = watermarks(study)
    return ResultRun.objects.create(
        study=study,
        input_digest=f"{ratings:064d}",
        method_version="bench",
        parameters={},
        seed=1,
        last_rating=seen["rating"],
        ratings=ratings,
        raters=RATERS,
        latents=ratings // RATERS,
        computed_at=timezone.now(),
        seconds=1.0,
        seen=seen,
    )


def _untriggered(what: str) -> None:
    """Every row would be checked, one by one, for what these statements cannot do: only the tables' owner may."""
    for table in UNTRIGGERED:
        _execute(f"ALTER TABLE annotation_{table} {what} TRIGGER USER")


def _execute(statements: str, **facts: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements.strip().split(";\n"):
            cursor.execute(statement.rstrip(";"), facts)
