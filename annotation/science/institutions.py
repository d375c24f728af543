"""Raters of one institution share training and habits: their same answers count for less than strangers' same answers.

    omega_ij = 1 / (1 + (m - 1) rho),  m: raters of j's institution with j's answer on latent i
    rho = (within - cross) / (1 - cross), shrunk to .1 with 20 pseudo-pairs, between 0 and .9

within: agreement of pairs of that institution; cross: of all pairs from different institutions. The evidence for rho is
the smaller of the two numbers of pairs, since it rests on both.
"""

from dataclasses import dataclass

import numpy as np

from annotation.science.answer_table import AnswerTable
from annotation.science.clc_parameters import ClcParameters
from annotation.science.types import FloatArray, IntArray, Undefined


@dataclass(frozen=True)
class InstitutionEffect:
    institution: str
    rho: float
    within: float | None
    """Agreement of its own pairs; None if it has none."""
    cross: float
    n_within_pairs: int
    n_cross_pairs: int


def institution_effects(table: AnswerTable, params: ClcParameters) -> tuple[InstitutionEffect, ...] | Undefined:
    """One effect an institution, or why there is none."""
    if not params.use_institutions:
        return Undefined("The design effect of institutions was switched off for this run.")
    if len(table.institutions) < 2:
        return Undefined("All raters belong to one institution, so that shared habits cannot be told from agreement.")
    pairs = _Pairs(table)
    if pairs.n_cross == 0:
        return Undefined("No latent has been rated from two institutions yet, so that they cannot be compared.")
    return tuple(_effect(table.institutions[g], g, pairs, params) for g in range(len(table.institutions)))


def design_weights(table: AnswerTable, rho: FloatArray, same: FloatArray) -> FloatArray:
    """(A,): 1 / (1 + (m - 1) rho); m = `same` (A,) votes, at least the answer's own."""
    return np.asarray(1.0 / (1.0 + (np.maximum(same, 1.0) - 1.0) * rho[table.institution]), dtype=np.float64)


def excess_agreement(table: AnswerTable, effects: tuple[InstitutionEffect, ...] | Undefined) -> FloatArray:
    """(institutions,): rho; 0 where it is undefined."""
    if isinstance(effects, Undefined):
        return np.zeros(len(table.institutions))
    return np.array([effect.rho for effect in effects])


def same_votes(table: AnswerTable) -> FloatArray:
    """(A,): votes of the answer's institution for its class on its latent, the answer's own among them."""
    votes, cell = _same_answers(table)
    return np.asarray(votes[cell], dtype=np.float64)


def _same_answers(table: AnswerTable) -> tuple[FloatArray, IntArray]:
    """Votes per occupied (latent, institution, class) cell, and each answer's cell."""
    key = (table.latent * len(table.institutions) + table.institution) * table.width + table.chosen
    _, cell = np.unique(key, return_inverse=True)
    return np.bincount(cell, weights=table.split).astype(np.float64), cell


class _Pairs:
    """Numbers of rater pairs, and of agreeing ones, within each institution and across. Split votes count in parts."""

    def __init__(self, table: AnswerTable) -> None:
        size = len(table.institutions)
        by_site, cell = _same_answers(table)
        site_of_cell = np.zeros(len(by_site), dtype=np.int64)
        site_of_cell[cell] = table.institution
        _, class_cell = np.unique(table.latent * table.width + table.chosen, return_inverse=True)
        by_class = np.bincount(class_cell, weights=table.split)
        own = _squared_own_votes(table, size)
        site_squares = np.bincount(site_of_cell, weights=by_site**2, minlength=size)
        self.agreeing_within = (site_squares - own) / 2
        self.agreeing_cross = float((by_class**2).sum() - site_squares.sum()) / 2
        raters = _raters_by_latent_and_site(table, size)
        self.n_within = (raters * (raters - 1)).sum(axis=0) / 2
        self.n_cross = float((raters.sum(axis=1) ** 2).sum() - (raters**2).sum()) / 2


def _squared_own_votes(table: AnswerTable, size: int) -> FloatArray:
    """(institutions,): sum of squares of each rater's votes per class, to be taken out of the pairs."""
    key = (table.latent * len(table.raters) + table.rater) * table.width + table.chosen
    _, cell = np.unique(key, return_inverse=True)
    votes = np.bincount(cell, weights=table.split)
    site = np.zeros(len(votes), dtype=np.int64)
    site[cell] = table.institution
    return np.bincount(site, weights=votes**2, minlength=size).astype(np.float64)


def _raters_by_latent_and_site(table: AnswerTable, size: int) -> FloatArray:
    """(latents, institutions): number of raters; splits of one rater add to 1."""
    flat = np.bincount(
        table.latent * size + table.institution, weights=table.split, minlength=len(table.latents) * size
    )
    return flat.astype(np.float64).reshape(len(table.latents), size)


def _effect(name: str, g: int, pairs: _Pairs, params: ClcParameters) -> InstitutionEffect:
    cross = pairs.agreeing_cross / pairs.n_cross
    n_within = float(pairs.n_within[g])
    within = float(pairs.agreeing_within[g]) / n_within if n_within > 0 else None
    excess = 0.0 if within is None or cross >= 1 else (within - cross) / (1 - cross)
    evidence = min(n_within, pairs.n_cross)
    shrunk = (evidence * excess + params.institution_pseudo_pairs * params.institution_excess) / (
        evidence + params.institution_pseudo_pairs
    )
    rho = float(np.clip(shrunk, 0.0, params.institution_excess_limit))
    return InstitutionEffect(name, rho, within, cross, round(n_within), round(pairs.n_cross))
