"""The released rows of calibration and of blinded readings: references, readings, single judgements."""

from annotation.queries.release_select import KEPT, LATENT, SAMPLED, SIMULATED, WITHHELD, Select

PANEL_MEMBER = """JOIN LATERAL (
    SELECT w.pseudonym FROM annotation_membership w WHERE w.study_id = s.study_id AND w.user_id = f.set_by_id
    ORDER BY w.role = 'adjudicator' DESC, w.role = 'researcher' DESC, w.id LIMIT 1) m ON true"""
USED = """f.id <= COALESCE((SELECT (u.parameters ->> 'newest_reference')::bigint FROM annotation_resultrun u
        WHERE u.id = %(run)s), 0)
    AND NOT EXISTS (SELECT 1 FROM annotation_reference k, annotation_resultrun u
        WHERE u.id = %(run)s AND k.latent_id = f.latent_id AND k.set_by_id = f.set_by_id AND k.revision > f.revision
          AND k.id <= (u.parameters ->> 'newest_reference')::bigint)
    AND EXISTS (SELECT 1 FROM annotation_rating r WHERE r.latent_id = f.latent_id AND r.id <= %(last)s)"""
"""Whether the results of this release compared anybody's answers with it."""
REFERENCES = Select(
    columns={
        **LATENT,
        "calibration_set": "s.calibration_set",
        "item": "f.item",
        "set_by": "m.pseudonym",
        "answer": "d.key",
        "share": "d.value::float8",
        "rationale": "NULLIF(f.rationale, '')",
        "clause": "NULLIF(f.clause, '')",
        "set_at": "f.set_at",
        "revision": "f.revision",
        "reason": "NULLIF(f.reason, '')",
        "used": USED,
        **SIMULATED,
    },
    rest=f"""
FROM annotation_reference f
{SAMPLED.format("f.latent_id")}
{PANEL_MEMBER}
CROSS JOIN LATERAL jsonb_each_text(f.distribution) AS d(key, value)
WHERE s.study_id = %(study)s
ORDER BY l.index, f.item, m.pseudonym, f.revision, d.key
""",
)
SCORED_BY = """
    e.scorer, e.version, NULLIF(e.model, '') AS model, {0} AS task, e.value, {1} AS auroc,
    NULLIF(e.undefined_reason, '') AS undefined_reason, e.scored_at, e.id"""
SCORES = Select(
    columns={
        **LATENT,
        "rater": "e.rater",
        "round": "e.round",
        "round_kind": "e.round_kind",
        "revision": "e.revision",
        "scorer": "e.scorer",
        "version": "e.version",
        "model": "e.model",
        "task": "e.task",
        "value": "e.value",
        "auroc": "e.auroc",
        "undefined_reason": "e.undefined_reason",
        "used": """e.task = 'detection' AND e.value IS NOT NULL
            AND COALESCE(e.version = %(scorers)s::jsonb ->> e.scorer, false)""",
        "scored_at": "e.scored_at",
        **SIMULATED,
    },
    rest=f"""
FROM (
    SELECT r.latent_id, m.pseudonym AS rater, o.number AS round, o.kind AS round_kind, r.revision,
        {SCORED_BY.format("e.task", "e.auroc")}
    FROM annotation_rationalescore e
    JOIN annotation_rating r ON r.id = e.rating_id
    JOIN annotation_round o ON o.id = r.round_id
    JOIN annotation_membership m ON m.study_id = e.study_id AND m.user_id = r.rater_id AND m.role = 'annotator'
    WHERE e.study_id = %(study)s AND {KEPT} AND r.id <= %(last)s
    UNION ALL
    SELECT e.latent_id, NULL, NULL, NULL, NULL, {SCORED_BY.format("'intruder'", "NULL::float8")}
    FROM annotation_intruderscore e WHERE e.study_id = %(study)s
) e
{SAMPLED.format("e.latent_id")}
ORDER BY l.index, e.task, e.round, e.rater, e.revision, e.scorer, e.id
""",
)
"""By programs: scores of rationales, and of latents alone."""
READ = f"""
FROM annotation_reading e
JOIN annotation_rating r ON r.id = e.rating_id
JOIN annotation_round o ON o.id = r.round_id
{SAMPLED.format("r.latent_id")}
JOIN annotation_institution i ON i.id = e.institution_id
JOIN annotation_readingslot p ON p.id = e.slot_id
JOIN annotation_membership m ON m.study_id = e.study_id AND m.user_id = r.rater_id AND m.role = 'annotator'
JOIN annotation_membership h ON h.study_id = e.study_id AND h.user_id = e.reader_id AND h.role = 'annotator'
"""
READ_KEPT = f"e.study_id = %(study)s AND {KEPT} AND NOT {WITHHELD.format('e', 'reader_id')} AND r.id <= %(last)s"
READ_RATING = {
    **LATENT,
    "rater": "m.pseudonym",
    "round": "o.number",
    "round_kind": "o.kind",
    "revision": "r.revision",
    "reader": "h.pseudonym",
}
READINGS = Select(
    columns={
        **READ_RATING,
        "institution": "i.code",
        "firing": "j.firing",
        "firing_found": "j.firing_found",
        "silent": "j.silent",
        "silent_found": "j.silent_found",
        "balanced_accuracy": "e.balanced_accuracy",
        "active_seconds": "e.active_seconds",
        "submitted_at": "e.submitted_at",
        **SIMULATED,
    },
    rest=f"""{READ}
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE n.kind = 'held-out') AS firing,
        count(*) FILTER (WHERE n.kind = 'held-out' AND said.value::boolean) AS firing_found,
        count(*) FILTER (WHERE n.kind <> 'held-out') AS silent,
        count(*) FILTER (WHERE n.kind <> 'held-out' AND NOT said.value::boolean) AS silent_found
    FROM jsonb_each_text(e.judgements) AS said(key, value) JOIN annotation_snippet n ON n.id = said.key::bigint
) j
WHERE {READ_KEPT}
ORDER BY e.id
""",
)
JUDGEMENTS = Select(
    columns={
        **READ_RATING,
        "place": "shown.place",
        "arm": "n.kind",
        "decile": "n.decile",
        "fires": "n.kind = 'held-out'",
        "said_fires": "(e.judgements ->> shown.snippet)::boolean",
        **SIMULATED,
    },
    rest=f"""{READ}
CROSS JOIN LATERAL jsonb_array_elements_text(p.snippets) WITH ORDINALITY AS shown(snippet, place)
JOIN annotation_snippet n ON n.id = shown.snippet::bigint
WHERE {READ_KEPT}
ORDER BY e.id, shown.place
""",
)
