"""Which decided cases come back to their adjudicator: a seeded draw."""

import hashlib

from annotation.models import Decision, Study


def comes_back(study: Study, decision: Decision) -> bool:
    """Drawn by the study's seed, the case and the adjudicator: asking again gives the same answer."""
    text = f"case repeat:{study.seed}:{decision.case_id}:{decision.adjudicator_id}"
    draw = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
    return draw < study.case_repeat_share
