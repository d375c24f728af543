"""A released table as SQL, and the pieces that several of them share.

Parameters of every SELECT: study, run (the results that go out), last (newest rating that they rest on), simulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotation.queries.set_aside import SET_ASIDE


@dataclass(frozen=True, kw_only=True)
class Select:
    """A released table as SQL."""

    columns: Mapping[str, str]
    """Released name to SQL expression."""
    rest: str
    """FROM, WHERE and ORDER BY."""

    def sql(self, names: Sequence[str]) -> str:
        """The columns in this order. Raises KeyError for one that the table does not have."""
        return "SELECT " + ",\n".join(self.columns[name] for name in names) + "\n" + self.rest


SIMULATED = {"simulated": "%(simulated)s::boolean"}
LATENT = {"latent": "l.index", "identity": "l.identity"}
SAMPLED = "JOIN annotation_sampledlatent s ON s.id = {0} JOIN annotation_latent l ON l.id = s.latent_id"
WITHHELD = """EXISTS (
    SELECT 1 FROM annotation_membership gone
    WHERE gone.study_id = {0}.study_id AND gone.user_id = {0}.{1} AND gone.ratings_withheld)"""
"""Whether the row's person withdrew and took her ratings with her: rows of annotation_rating or annotation_reading."""
KEPT = "NOT " + WITHHELD.format("r", "rater_id")
"""Whether the rating may leave; for `annotation_rating r`."""
NEWER = f"""
LEFT JOIN (
    SELECT latent_id, round_id, rater_id, max(revision) AS revision FROM annotation_rating
    WHERE study_id = %(study)s AND id <= %(last)s AND revision > 1
    GROUP BY latent_id, round_id, rater_id
) newer ON newer.latent_id = r.latent_id AND newer.round_id = r.round_id AND newer.rater_id = r.rater_id
JOIN annotation_round asked ON asked.id = r.round_id
LEFT JOIN (
    SELECT g.latent_id, g.rater_id, (array_agg(v.rubric_id ORDER BY v.number DESC))[1] AS rubric_id
    FROM annotation_rating g JOIN annotation_round v ON v.id = g.round_id
    WHERE g.study_id = %(study)s AND g.id <= %(last)s AND NOT {SET_ASIDE.format("g")}
        AND (SELECT count(DISTINCT rubric_id) > 1 FROM annotation_round WHERE study_id = %(study)s)
    GROUP BY g.latent_id, g.rater_id HAVING count(DISTINCT v.rubric_id) > 1
) last_asked ON last_asked.latent_id = r.latent_id AND last_asked.rater_id = r.rater_id
"""
CURRENT = f"""(NOT {SET_ASIDE.format("r")} AND COALESCE(r.revision >= newer.revision, true)
    AND COALESCE(asked.rubric_id = last_asked.rubric_id, true) AND asked.kind <> 'calibration')"""
"""Whether statistics take the rating (as queries.counted_ratings has it): its rater's newest revision, under the rubric
version that she answered last on the latent, no calibration, and none that was rated elsewhere and set aside. Needs
NEWER."""
COUNTED = f"""
SELECT r.{{by}}, count(*) AS ratings FROM annotation_rating r {NEWER}
WHERE r.study_id = %(study)s AND r.id <= %(last)s AND {CURRENT} AND {KEPT} GROUP BY r.{{by}}
"""
"""How many ratings count, by one of their columns."""
