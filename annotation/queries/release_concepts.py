"""Released facts about concepts: what was merged, narrower or coded, by whom and why, also if it was taken back."""

from annotation.queries.release_select import KEPT, SIMULATED, WITHHELD, Select

MERGED_NAMES = """
LEFT JOIN (
    SELECT f.concept_id, n.name FROM consilium_standing_concept_fact f
    JOIN annotation_concept n ON n.id = consilium_survivor(f.concept_id)
    WHERE f.study_id = %(study)s AND f.kind = 'merged-into'
) merged ON merged.concept_id = c.id
"""
"""The name under which a merged concept counts; for `annotation_concept c`."""
CONCEPT_MAY_LEAVE = f"""({{0}}.created_by_id IS NULL OR NOT {WITHHELD.format("{0}", "created_by_id")} OR EXISTS (
    SELECT 1 FROM annotation_rating r
    WHERE r.study_id = {{0}}.study_id AND r.concept_id = {{0}}.id AND {KEPT}) OR EXISTS (
    SELECT 1 FROM consilium_standing_concept_fact f WHERE f.other_id = {{0}}.id))"""
"""Not what those alone typed who withdrew with their ratings, unless the researcher made it the name of another."""
CONCEPT_FACTS = Select(
    columns={
        "fact": "row_number() OVER (ORDER BY f.id)",
        "kind": "f.kind",
        "concept": "c.name",
        "other": "t.name",
        "code_system": "NULLIF(f.system, '')",
        "code": "NULLIF(f.code, '')",
        "term": "NULLIF(f.term, '')",
        "code_release": "NULLIF(f.release, '')",
        "reason": "NULLIF(f.reason, '')",
        "stated_by": "m.pseudonym",
        "stated_at": "f.stated_at",
        "taken_back_at": "w.stated_at",
        "taken_back_reason": "w.reason",
        **SIMULATED,
    },
    rest=f"""
FROM annotation_conceptfact f
JOIN annotation_concept c ON c.id = f.concept_id
LEFT JOIN annotation_concept t ON t.id = f.other_id
LEFT JOIN annotation_conceptfact w ON w.withdraws_id = f.id
LEFT JOIN annotation_membership m ON m.study_id = f.study_id AND m.user_id = f.stated_by_id AND m.role = 'researcher'
WHERE f.study_id = %(study)s AND f.kind <> 'withdrawn' AND {CONCEPT_MAY_LEAVE.format("c")}
    AND (t.id IS NULL OR {CONCEPT_MAY_LEAVE.format("t")})
ORDER BY f.id
""",
)
