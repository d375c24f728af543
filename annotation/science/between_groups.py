"""Alpha between institutions: only pairs of raters from different ones count.

A rating pairs with the ratings of other groups on the same latent, each at 1/n of their number n, so that it counts
once in all. Chance is alpha's own: the pooled answers of all ratings that have such a pair. With every rater a group of
her own it is alpha, digit for digit. (Wong, Paritosh and Aroyo 2021, Cross-replication reliability, take chance from
the two groups' own answers instead; a habit that divides two institutions would then not count as disagreement.)
Coincidences as in Krippendorff 2011.
"""

from collections.abc import Mapping

import numpy as np

from annotation.science.agreement_undefined import undefined_at
from annotation.science.bootstrap import bootstrap_interval
from annotation.science.distance import Level
from annotation.science.rated_pairs import rated_pairs
from annotation.science.table import MISSING, RatingTable
from annotation.science.types import Estimate, FloatArray, IntArray, ScienceError, Undefined
from annotation.science.weighted_alpha import weighted_alpha

VERSION = "alpha-between-1"


def alpha_between(
    table: RatingTable,
    group_of: Mapping[str, str],
    level: Level,
    *,
    seed: int,
    replicates: int = 2000,
    distances: FloatArray | None = None,
) -> Estimate | Undefined:
    """Alpha over the latents rated from at least two groups, with a unit bootstrap over them.

    `group_of` names the group (institution) of every rater. Undefined with fewer than two groups or two such latents,
    or where every such rating is the same. Raises ScienceError for a rater without a group.
    """
    groups = sorted(set(group_of.values()))
    if missing := [rater for rater in table.raters if rater not in group_of]:
        raise ScienceError(f"Rater {missing[0]} has no institution; every rater needs one to compare institutions.")
    group = np.array([groups.index(group_of[rater]) for rater in table.raters], dtype=np.int64)
    codes = table.codes[_from_two_groups(table.codes, group)]
    if reason := _undefined(table, group, codes) or undefined_at(codes, level, distances, len(table.values)):
        return Undefined(reason)
    statistic = weighted_alpha(rated_pairs(codes, len(table.values), group), table.values, level, distances)
    return Estimate(
        value=float(statistic(np.ones((1, len(codes))))[0]),
        interval=bootstrap_interval(len(codes), statistic, seed=seed, replicates=replicates),
        n_units=len(codes),
        n_ratings=int((codes != MISSING).sum()),
        n_raters=int((codes != MISSING).any(axis=0).sum()),
        method="Krippendorff's alpha between groups of raters, own computation",
        level=level,
        seed=seed,
        replicates=replicates,
        version=VERSION,
    )


def _from_two_groups(codes: IntArray, group: IntArray) -> np.ndarray:
    """(units,): whether the unit's ratings come from at least two groups."""
    owner = np.where(codes != MISSING, group[None, :], -1)
    highest = owner.max(axis=1, initial=-1)
    lowest = np.where(owner < 0, np.iinfo(np.int64).max, owner).min(axis=1, initial=np.iinfo(np.int64).max)
    return np.asarray((highest >= 0) & (highest != lowest))


def _undefined(table: RatingTable, group: IntArray, codes: IntArray) -> str:
    answering = (table.codes != MISSING).any(axis=0)
    if len(np.unique(group[answering])) < 2:
        return "All raters who answered belong to one institution, so that institutions cannot be compared."
    if len(codes) == 0:
        return "No latent has been rated from two institutions yet, so that they cannot be compared."
    if len(codes) == 1:
        return "Only one latent has been rated from two institutions; agreement beyond chance needs at least two."
    return ""
