"""Where each released column comes from: one SELECT a table, people as pseudonyms and institutions as codes.

Parameters of every SELECT: study, run (the results that go out), last (newest rating that they rest on), simulated.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from annotation.enums import CaseKind
from annotation.queries.release_calibration import JUDGEMENTS, READINGS, REFERENCES, SCORES
from annotation.queries.release_concepts import CONCEPT_FACTS, CONCEPT_MAY_LEAVE, MERGED_NAMES
from annotation.queries.release_raters import RATERS
from annotation.queries.release_select import (
    COUNTED,
    CURRENT,
    KEPT,
    LATENT,
    NEWER,
    SAMPLED,
    SIMULATED,
    WITHHELD,
    Select,
)
from annotation.queries.release_snippets import SNIPPETS
from annotation.queries.set_aside import SET_ASIDE


def ratings(answers: Mapping[str, bool], weighed: Sequence[str]) -> tuple[Select, dict[str, Any]]:
    """The ratings with a column for each rubric item (answer_…, whether it holds a list) and consensus item (weight_…).

    Item keys travel as parameters, which come second.
    """
    columns = dict(RATING_COLUMNS)
    parameters: dict[str, Any] = {}
    for number, (item, is_list) in enumerate(answers.items()):
        parameters[f"answer{number}"] = item
        operator = "->" if is_list else "->>"
        columns[f"answer_{item}"] = f"r.answers {operator} %(answer{number})s"
    pivot = []
    for number, item in enumerate(weighed):
        parameters[f"weight{number}"] = item
        columns[f"weight_{item}"] = f"CASE WHEN {CURRENT} THEN w.w{number} END"
        pivot.append(f"max(p.value::float8) FILTER (WHERE c.item = %(weight{number})s) AS w{number}")
    join = WEIGHTS.format(pivot=",\n".join(pivot)) if pivot else ""
    return Select(columns=columns, rest=RATING_SOURCE.format(weights=join)), parameters


WEIGHTS = """
LEFT JOIN (
    SELECT c.latent_id, p.key AS pseudonym, {pivot}
    FROM annotation_consensus c CROSS JOIN LATERAL jsonb_each_text(c.weights) AS p(key, value)
    WHERE c.run_id = %(run)s
    GROUP BY c.latent_id, p.key
) w ON w.latent_id = r.latent_id AND w.pseudonym = m.pseudonym
"""
"""Each consensus' weights are taken apart once: looking them up a rating at a time costs ten times as much."""
RATING_COLUMNS = {
    **LATENT,
    "rater": "m.pseudonym",
    "institution": "i.code",
    "round": "o.number",
    "round_kind": "o.kind",
    "rubric": "b.name",
    "rubric_version": "v.number",
    "revision": "r.revision",
    "current": CURRENT,
    "reason": "NULLIF(r.reason, '')",
    "surplus": "r.slot_id IS NULL",
    "outcome": "r.outcome",
    "concept": "c.name",
    "concept_written": "NULLIF(r.concept_written, '')",
    "concept_counted": "COALESCE(merged.name, c.name)",
    "second_concept": "c2.name",
    "second_concept_written": "NULLIF(r.second_concept_written, '')",
    "rationale": "NULLIF(r.rationale, '')",
    "evidence": """CASE WHEN r.evidence <> '[]' THEN (
        SELECT jsonb_agg(jsonb_build_object('kind', sn.kind, 'rank', sn.rank, 'decile', sn.decile,
                                            'start', e.value -> 'start', 'end', e.value -> 'end') ORDER BY e.place)
        FROM jsonb_array_elements(r.evidence) WITH ORDINALITY AS e(value, place)
        JOIN annotation_snippet sn ON sn.id = (e.value ->> 'snippet')::bigint)::text END""",
    "fits": """CASE WHEN r.fits <> '{}' THEN (
        SELECT jsonb_agg(jsonb_build_object('kind', sn.kind, 'rank', sn.rank, 'decile', sn.decile, 'fit', f.value)
                         ORDER BY sn.id)
        FROM jsonb_each_text(r.fits) AS f(key, value)
        JOIN annotation_snippet sn ON sn.id = f.key::bigint)::text END""",
    "learnability": "learned.mean",
    "active_seconds": "r.active_seconds",
    "submitted_at": "r.submitted_at",
    **SIMULATED,
}
# What is set aside calls for no new results, so that it may be newer than those that go out.
RATING_SOURCE = f"""
FROM annotation_rating r
{SAMPLED.format("r.latent_id")}
JOIN annotation_round o ON o.id = r.round_id
JOIN annotation_rubricversion v ON v.id = o.rubric_id
JOIN annotation_rubric b ON b.id = v.rubric_id
JOIN annotation_institution i ON i.id = r.institution_id
LEFT JOIN annotation_membership m ON m.study_id = r.study_id AND m.user_id = r.rater_id AND m.role = 'annotator'
LEFT JOIN annotation_concept c ON c.id = r.concept_id
LEFT JOIN annotation_concept c2 ON c2.id = r.second_concept_id
LEFT JOIN (
    SELECT e.rating_id, avg(e.balanced_accuracy) AS mean FROM annotation_reading e
    WHERE e.study_id = %(study)s AND NOT {WITHHELD.format("e", "reader_id")} GROUP BY e.rating_id
) learned ON learned.rating_id = r.id
{MERGED_NAMES}
{{weights}}
{NEWER}
WHERE r.study_id = %(study)s AND (r.id <= %(last)s OR {SET_ASIDE.format("r")}) AND {KEPT}
ORDER BY r.id
"""
DISTRIBUTIONS = Select(
    columns={
        **LATENT,
        "item": "c.item",
        "class_position": "k.position",
        "class": "k.class #>> '{}'",
        "votes": "(c.votes ->> k.place)::float8",
        "theta": "(c.theta ->> k.place)::float8",
        "q": "(c.q ->> k.place)::float8",
        "dawid_skene": "(c.dawid_skene ->> k.place)::float8",
        "dawid_skene_reason": "NULLIF(c.dawid_skene_reason, '')",
        "majority": "c.majority @> jsonb_build_array(k.class)",
        "majority_tied": "jsonb_array_length(c.majority) > 1",
        "n_eff": "c.n_eff",
        "flip_rate": "c.flip_rate",
        "entropy": "c.entropy",
        "ratings": "c.ratings",
        "cannot_tell": "c.cannot_tell",
        "institutions": "c.institutions",
        "state": "s.state",
        **SIMULATED,
    },
    rest=f"""
FROM annotation_consensus c
{SAMPLED.format("c.latent_id")}
CROSS JOIN LATERAL (SELECT e.value AS class, e.position, (e.position - 1)::int AS place
                    FROM jsonb_array_elements(c.classes) WITH ORDINALITY AS e(value, position)) k
WHERE c.run_id = %(run)s AND s.study_id = %(study)s
ORDER BY l.index, c.item, k.position
""",
)
DECISIONS = Select(
    columns={
        **LATENT,
        "case": "c.id",
        "look": "c.kind",
        "current": f"(c.kind = '{CaseKind.FIRST}' AND n.id IS NULL)",
        "superseded_by": "n.id",
        "decision": "d.id",
        "adjudicator": "m.pseudonym",
        "outcome": "d.outcome",
        "concept": "t.name",
        "cause": "d.cause",
        "rubric_needs_clause": "d.rubric_needs_clause",
        "clause": "NULLIF(d.clause, '')",
        "rationale": "d.rationale",
        "reason": "NULLIF(d.reason, '')",
        "signed_by": "g.method",
        "signature": "NULLIF(g.digest, '')",
        "opened_at": "c.opened_at",
        "decided_at": "d.decided_at",
        **SIMULATED,
    },
    rest=f"""
FROM annotation_decision d
JOIN annotation_case c ON c.id = d.case_id
JOIN annotation_signature g ON g.id = d.signature_id
LEFT JOIN annotation_decision n ON n.supersedes_id = d.id
{SAMPLED.format("c.latent_id")}
LEFT JOIN annotation_membership m ON m.study_id = c.study_id AND m.user_id = d.adjudicator_id AND m.role = 'adjudicator'
LEFT JOIN annotation_concept t ON t.id = d.concept_id
WHERE c.study_id = %(study)s
ORDER BY l.index, c.kind, d.id
""",
)
"""Every signed decision, also superseded ones and those that stand beside, as ratings keep their revisions."""
AGREEMENT = Select(
    columns={
        **{
            name: f"a.{name}"
            for name in ("item", "scope", "coefficient", "level", "value", "low", "high", "units", "ratings", "raters")
        },
        "undefined_reason": "NULLIF(a.undefined_reason, '')",
        "interval_reason": "NULLIF(a.interval_reason, '')",
        **SIMULATED,
    },
    rest="FROM annotation_agreement a WHERE a.run_id = %(run)s ORDER BY a.id",
)
RELIABILITY = Select(
    columns={
        "item": "y.item",
        "rater": "y.pseudonym",
        "prior_mean": "y.mean",
        "prior_low": "y.low",
        "prior_high": "y.high",
        "fitted": "y.fitted",
        "latents": "y.ratings",
        **{name: f"y.{name}" for name in ("calibration", "repeats", "repeats_matched", "mean_weight", "cannot_tell")},
        **SIMULATED,
    },
    rest="FROM annotation_raterreliability y WHERE y.run_id = %(run)s ORDER BY y.item, y.pseudonym",
)
LATENTS = Select(
    columns={
        **LATENT,
        "place": """row_number() OVER (ORDER BY s.id::text COLLATE "C")""",
        "position": "s.position",
        "stratum": "s.stratum",
        "calibration_set": "s.calibration_set",
        "state": "s.state",
        "state_reason": "NULLIF(s.state_reason, '')",
        "extra_rounds": "s.extra_rounds",
        "language_model": "g.name",
        "hook_point": "e.hook_point",
        "sae": "e.name",
        "sae_architecture": "e.architecture",
        "density": "l.density",
        "documents": "l.documents",
        "firings": "l.firings",
        "max_activation": "l.max_activation",
        "specialty": """(SELECT p.value ->> 'name' FROM jsonb_array_elements(f.specialties) p
            WHERE (p.value ->> 'lift')::float8 > 1
            ORDER BY (p.value ->> 'firings')::float8 DESC, p.value ->> 'name' COLLATE "C" DESC LIMIT 1)""",
        "flags": "f.flags",
        **{name: f"f.{name}::text" for name in ("promoted", "suppressed", "neighbours", "coactivation")},
        **SIMULATED,
    },
    rest="""
FROM annotation_sampledlatent s
JOIN annotation_latent l ON l.id = s.latent_id
LEFT JOIN annotation_latentprofile f ON f.latent_id = l.id
JOIN annotation_miningrun u ON u.id = l.run_id
JOIN annotation_sae e ON e.id = u.sae_id
JOIN annotation_languagemodel g ON g.id = e.language_model_id
WHERE s.study_id = %(study)s
ORDER BY l.index
""",
)
RUBRICS = Select(
    columns={
        "rubric": "b.name",
        "rubric_version": "v.number",
        "item": "t.key",
        "item_position": "t.position",
        "kind": "t.kind",
        "question": "t.question",
        "help": "NULLIF(t.help, '')",
        "required": "t.required",
        "asked_after_item": "t.condition ->> 'item'",
        "asked_after_answers": "t.condition -> 'values'",
        "examples": "CASE WHEN jsonb_array_length(t.examples) > 0 THEN t.examples::text END",
        "option_position": "p.position",
        "option": "p.value ->> 'value'",
        "option_label": "p.value ->> 'label'",
        "option_help": "NULLIF(p.value ->> 'help', '')",
        **SIMULATED,
    },
    rest="""
FROM annotation_rubricitem t
JOIN annotation_rubricversion v ON v.id = t.version_id
JOIN annotation_rubric b ON b.id = v.rubric_id
LEFT JOIN LATERAL jsonb_array_elements(t.options) WITH ORDINALITY AS p(value, position) ON true
WHERE v.id IN (SELECT rubric_id FROM annotation_round WHERE study_id = %(study)s)
   OR v.id = (SELECT rubric_id FROM annotation_study WHERE id = %(study)s)
ORDER BY b.name, v.number, t.position, p.position
""",
)
CONCEPTS = Select(
    columns={
        "concept": "c.name",
        "counted_as": "COALESCE(merged.name, c.name)",
        "offered": """c.created_by_id IS NULL OR EXISTS (
            SELECT 1 FROM annotation_round_concepts x JOIN annotation_round o ON o.id = x.round_id
            WHERE x.concept_id = c.id AND o.study_id = %(study)s)""",
        "ratings": "COALESCE(given.ratings, 0)",
        "added_at": "c.created_at",
        **SIMULATED,
    },
    rest=f"""
FROM annotation_concept c
{MERGED_NAMES}
LEFT JOIN ({COUNTED.format(by="concept_id")}) given ON given.concept_id = c.id
WHERE c.study_id = %(study)s AND {CONCEPT_MAY_LEAVE.format("c")}
ORDER BY lower(c.name)
""",
)
SELECTS = {
    "distributions": DISTRIBUTIONS,
    "decisions": DECISIONS,
    "agreement": AGREEMENT,
    "reliability": RELIABILITY,
    "references": REFERENCES,
    "readings": READINGS,
    "judgements": JUDGEMENTS,
    "scores": SCORES,
    "latents": LATENTS,
    "rubrics": RUBRICS,
    "concepts": CONCEPTS,
    "concept_facts": CONCEPT_FACTS,
    "raters": RATERS,
    "snippets": SNIPPETS,
}
