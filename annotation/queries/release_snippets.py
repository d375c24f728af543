"""The released rows of snippets with their text. The statement itself asks whether it may leave: study and corpus."""

from annotation.queries.release_select import LATENT, SIMULATED, Select

MAY_LEAVE = """(
    SELECT y.release_snippets AND COALESCE((
        SELECT t.may_leave FROM annotation_textpermission t WHERE t.corpus_id = d.corpus_id ORDER BY t.id DESC LIMIT 1
    ), false) FROM annotation_study y WHERE y.id = %(study)s)"""
"""Whether text of `annotation_document d` may leave in releases of the study."""
HIDDEN = """EXISTS (
    SELECT 1 FROM annotation_snippetreport p JOIN annotation_snippet o ON o.id = p.snippet_id
    WHERE p.state IN ('open', 'withheld') AND o.document_id = n.document_id
        AND o.start < n."end" AND o."end" > n.start)"""
"""As queries.hidden_snippets.closed: reported to show a person, here or where it overlaps."""
SNIPPETS = Select(
    columns={
        **LATENT,
        "snippet": "n.id",
        "kind": "n.kind",
        "rank": "n.rank",
        "decile": "n.decile",
        "mention": "n.mention",
        "document": """'D' || left(encode(sha256(convert_to(
            %(documents)s::text || '/' || n.document_id, 'UTF8')), 'hex'), 16)""",
        "start": "n.start",
        "end": 'n."end"',
        "text": 'substr(d.text, n.start + 1, n."end" - n.start)',
        "peak": "n.peak",
        "tokens": "n.tokens::text",
        "section": "NULLIF(n.section, '')",
        "specialty": "NULLIF(d.specialty, '')",
        "note_type": "NULLIF(d.note_type, '')",
        **SIMULATED,
    },
    rest=f"""
FROM annotation_sampledlatent s
JOIN annotation_latent l ON l.id = s.latent_id
JOIN annotation_snippet n ON n.latent_id = l.id
JOIN annotation_document d ON d.id = n.document_id
WHERE s.study_id = %(study)s AND {MAY_LEAVE} AND NOT {HIDDEN}
ORDER BY l.index, n.id
""",
)
