"""A released table as SQL, and the pieces that several of them share.

Parameters of every SELECT: study, run (the results that go out), last (newest rating that they rest on), simulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


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
