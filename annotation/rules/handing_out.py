"""Who may be handed what: the conditions, once, as SQL for the claim, the progress bar and the coordinator's figures.

`s` is annotation_slot. `person`, `institution` and `now` are SQL expressions.
"""

from annotation.enums import RoundKind

REPEATING = (RoundKind.CALIBRATION, RoundKind.RETEST, RoundKind.AGAIN)
"""Their places are reserved for one person each. Whether she rated the latent in another round does not matter."""
FIRST_LOOK = (RoundKind.EXTRA, RoundKind.INDEPENDENT)
"""Their places go to people who have not had the latent in any round."""

FREE = "s.state = 'open'"
"""Index condition: to be written as it is, not as a parameter."""
FOR_ANYONE = "s.reserved_for_id IS NULL"


def barred(person: str) -> str:
    """SELECT of the sampled latents that she is not handed in any round: she set their reference, decided their case,
    gave them back as not her field, or has read a rationale of theirs.
    """
    return f"""
    SELECT latent_id FROM annotation_reference WHERE set_by_id = {person}
    UNION ALL
    SELECT c.latent_id FROM annotation_decision d JOIN annotation_case c ON c.id = d.case_id
    WHERE d.adjudicator_id = {person}
    UNION ALL
    SELECT latent_id FROM annotation_decline WHERE rater_id = {person}
    UNION ALL
    SELECT here.id FROM annotation_readingslot p JOIN annotation_rating r ON r.id = p.rating_id
    JOIN annotation_sampledlatent read ON read.id = r.latent_id
    JOIN annotation_sampledlatent here ON here.latent_id = read.latent_id
    WHERE p.reader_id = {person}
    """


def had(person: str) -> str:
    """SELECT of (round, sampled latent) that she has rated or holds a place on: no second look in that round, and no
    first look in any other.
    """
    return f"""
    SELECT round_id, latent_id FROM annotation_slot WHERE rater_id = {person}
    UNION ALL
    SELECT round_id, latent_id FROM annotation_rating WHERE rater_id = {person}
    """


def of_her_institution(institution: str) -> str:
    return f"(s.institution_id IS NULL OR s.institution_id = {institution})"


NOT_BARRED = "s.latent_id NOT IN (SELECT latent_id FROM barred)"
FIRST_TIME = f"{NOT_BARRED} AND s.latent_id NOT IN (SELECT latent_id FROM had)"
"""For statements that begin with `barred` and `had` as common table expressions of one person."""


def hers_alone(*, person: str, institution: str, now: str, repeats: str) -> str:
    """Whether a free place `s` is reserved for her and may be handed to her now, in statements that begin with `barred`
    and `had`. repeats: SQL for whether the place's round asks for latents that she may have rated in another round.
    """
    return f"""
    {FREE} AND s.reserved_for_id = {person} AND (s.not_before IS NULL OR s.not_before <= {now})
    AND {of_her_institution(institution)} AND {NOT_BARRED}
    AND CASE WHEN {repeats} THEN (s.round_id, s.latent_id) NOT IN (SELECT round_id, latent_id FROM had)
        ELSE s.latent_id NOT IN (SELECT latent_id FROM had) END
    """
