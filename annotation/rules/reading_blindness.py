"""Who may read which rationale, once, as SQL: for the claim, for what is asked, and for what is left.

Aliases: `r` is the annotation_rating whose rationale is read, `l` its annotation_sampledlatent, `m` the reader's
annotation_membership. The first two conditions are also the database's own (migrations/0005_blind_readings.py).
"""

from annotation.enums import LatentState, Role, RoundState, SlotState

MAY_BE_ASKED = (LatentState.SAMPLED, LatentState.RATING, LatentState.AMBIGUOUS, LatentState.RECRUITING)
"""States from which a round may still hand the latent to somebody who has not rated it."""


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


SAME = "(SELECT id FROM annotation_sampledlatent WHERE latent_id = l.latent_id)"
"""The latent in every study that samples it."""

READS = f"""(m.role = '{Role.ANNOTATOR}' AND m.withdrawn_at IS NULL
    AND EXISTS (SELECT 1 FROM annotation_user u WHERE u.id = m.user_id AND u.is_active)
    AND NOT EXISTS (SELECT 1 FROM annotation_membership w JOIN annotation_sampledlatent x ON x.study_id = w.study_id
                    WHERE w.user_id = m.user_id AND w.role IN ('{Role.RESEARCHER}', '{Role.ADJUDICATOR}')
                      AND x.latent_id = l.latent_id)
)"""
"""She rates in the study, and neither directs nor decides in one that samples the latent: there she sees ratings."""

NEVER_HERS = f"""(
    NOT EXISTS (SELECT 1 FROM annotation_rating x WHERE x.rater_id = m.user_id AND x.latent_id IN {SAME})
    AND NOT EXISTS (SELECT 1 FROM annotation_slot x
                    WHERE (x.rater_id = m.user_id OR x.reserved_for_id = m.user_id) AND x.latent_id IN {SAME})
    AND NOT EXISTS (SELECT 1 FROM annotation_reference x WHERE x.set_by_id = m.user_id AND x.latent_id IN {SAME})
    AND NOT EXISTS (SELECT 1 FROM annotation_case c JOIN annotation_decision d ON d.case_id = c.id
                    WHERE d.adjudicator_id = m.user_id AND c.latent_id IN {SAME})
)"""
"""She neither rated the latent, nor holds a place on it, nor set its reference, nor decided its case."""

FIRST_OF_THE_LATENT = f"""NOT EXISTS (
    SELECT 1 FROM annotation_readingslot y JOIN annotation_rating z ON z.id = y.rating_id
    WHERE y.reader_id = m.user_id AND z.latent_id IN {SAME}
)"""
"""One rationale a latent and reader: its held-out snippets would be familiar at the second."""

NOT_YET_HERS = f"""NOT EXISTS (
    SELECT 1 FROM annotation_sampledlatent x
    JOIN annotation_membership w ON w.study_id = x.study_id AND w.user_id = m.user_id
        AND w.role = '{Role.ANNOTATOR}' AND w.withdrawn_at IS NULL
    WHERE x.latent_id = l.latent_id
      AND NOT EXISTS (SELECT 1 FROM annotation_decline d WHERE d.latent_id = x.id AND d.rater_id = m.user_id)
      AND CASE WHEN x.calibration_set IS NULL THEN
            x.state IN ({_listed(MAY_BE_ASKED)})
            OR EXISTS (SELECT 1 FROM annotation_slot p JOIN annotation_round o ON o.id = p.round_id
                       WHERE p.latent_id = x.id AND p.state <> '{SlotState.SUBMITTED}' AND o.state = '{RoundState.OPEN}'
                         AND (p.reserved_for_id IS NULL OR p.reserved_for_id = m.user_id))
          ELSE w.calibrated_at IS NULL END
)"""
"""No round may hand her the latent any more, here or in another study of hers that samples it."""

MAY_EVER_READ = f"{READS} AND {NEVER_HERS} AND {FIRST_OF_THE_LATENT}"
MAY_READ_NOW = f"{MAY_EVER_READ} AND {NOT_YET_HERS}"
