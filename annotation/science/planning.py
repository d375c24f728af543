"""How many raters and latents a study needs for an alpha interval of a given width, learned from a pilot.

Studies of every size in the grid are drawn from the pilot's model (`pilot_model`), and each one's interval is computed
as a real study's would be. What is not in the model is not in the plan: raters err apart, each alike on every latent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from annotation.science.alpha import alpha
from annotation.science.answer_table import AnswerTable
from annotation.science.clc import clc
from annotation.science.clc_parameters import ClcParameters
from annotation.science.distance import Level, distance_matrix
from annotation.science.pilot_model import PilotModel, as_noisy_as, pilot_model
from annotation.science.plan_cell import Grid, PlanCell
from annotation.science.rated_pairs import rated_pairs
from annotation.science.split_votes import known_values
from annotation.science.table import MISSING, RatingTable
from annotation.science.types import (
    Answer,
    CalibrationAnswer,
    Estimate,
    FloatArray,
    Item,
    ScienceError,
    Undefined,
    Value,
    closed_item,
)
from annotation.science.weighted_alpha import disagreement, midranks

VERSION = "planning-1"
MINIMUM_LATENTS = 10
MINIMUM_RATERS = 3


@dataclass(frozen=True)
class Plan:
    cells: tuple[PlanCell, ...]
    """Raters a latent by latents, each in the order asked for."""
    cheapest: PlanCell | Undefined
    """The one with fewest ratings that reaches the wish; of equals, the one with fewer raters a latent."""
    wanted_width: float
    pilot: Estimate
    """The pilot's own alpha."""
    n_latents: int
    n_raters: int
    """In the pilot."""
    pool: int
    """Raters among whom a study's latents are shared out; never fewer than are asked for each latent."""
    kept: float
    """Share of the model's noise that was kept to disagree as the pilot does: see `pilot_model`."""
    seed: int
    simulations: int
    replicates: int
    version: str


def plan(
    answers: Sequence[Answer],
    item: Item,
    level: Level,
    *,
    wanted_width: float,
    raters: Sequence[int],
    latents: Sequence[int],
    seed: int,
    params: ClcParameters | None = None,
    calibration: Sequence[CalibrationAnswer] = (),
    domain: Sequence[Value] | None = None,
    distances: FloatArray | None = None,
    pool: int | None = None,
    simulations: int = 40,
    replicates: int = 300,
) -> Plan | Undefined:
    """Expected width of alpha's interval for every number of raters a latent and of latents, from a pilot's answers.

    `pool`: how many raters the study will have, by default as many as the pilot. `domain`: the options in order, by
    default the item's or the values seen; `distances` (domain, domain) for level "hierarchy" only. At level "sets" each
    set that was given is an answer of its own. Undefined for a pilot without an alpha, or with fewer than
    `MINIMUM_LATENTS` latents rated twice or `MINIMUM_RATERS` raters. The same input and seed give the same plan.
    Raises ScienceError for a wish or a size that cannot be.
    """
    _check(wanted_width, raters, latents, pool, simulations)
    first = [answer for answer in answers if answer.reading == 1]
    values = tuple(domain) if domain is not None else item.classes or known_values(first)
    table = RatingTable.from_answers(first, values)
    pilot = alpha(table, level, seed=seed, distances=distances)
    if isinstance(pilot, Undefined):
        return pilot
    if reason := _too_small(pilot):
        return Undefined(reason)
    asked = closed_item(known_values(answers)) if level == "sets" else item
    result = clc(answers, asked, params, seed=seed, calibration=calibration)
    if isinstance(result, Undefined):
        return result
    model = _calibrated(pilot_model(result, values), result.fitted.table, table, level, distances)
    people = pool or pilot.n_raters
    grid = Grid(model, values, level, distances, people, wanted_width, seed, simulations, replicates)
    cells = tuple(grid.cell(each, many) for each, many in product(raters, latents))
    return Plan(
        cells=cells,
        cheapest=_cheapest(cells, wanted_width),
        wanted_width=wanted_width,
        pilot=pilot,
        n_latents=pilot.n_units,
        n_raters=pilot.n_raters,
        pool=people,
        kept=model.kept,
        seed=seed,
        simulations=simulations,
        replicates=replicates,
        version=VERSION,
    )


def _check(
    wanted_width: float, raters: Sequence[int], latents: Sequence[int], pool: int | None, simulations: int
) -> None:
    if not 0 < wanted_width < 2:
        raise ScienceError("The width of an interval of alpha lies between 0 and 2; 0.1 is a common wish.")
    if not raters or not latents or min(raters) < 2 or min(latents) < 1:
        raise ScienceError("A plan needs at least two raters a latent and at least one latent.")
    if pool is not None and pool < max(raters):
        raise ScienceError(f"{max(raters)} raters a latent are asked for and the study would have only {pool}.")
    if simulations < 2:
        raise ScienceError("A plan needs at least two drawn studies of each size.")


def _too_small(pilot: Estimate) -> str:
    if pilot.n_units < MINIMUM_LATENTS:
        return f"A plan needs at least {MINIMUM_LATENTS} latents with two ratings; the pilot has {pilot.n_units}."
    if pilot.n_raters < MINIMUM_RATERS:
        return f"A plan needs at least {MINIMUM_RATERS} raters, to see how they differ; the pilot has {pilot.n_raters}."
    return ""


def _calibrated(
    model: PilotModel, fitted: AnswerTable, table: RatingTable, level: Level, distances: FloatArray | None
) -> PilotModel:
    """As noisy as the pilot's first readings are, at distances as they stand in the pilot."""
    pairs = rated_pairs(table.codes, len(table.values))
    if level == "ordinal":
        rank = midranks(np.bincount(pairs.rated_value, minlength=pairs.n_values).astype(np.float64))
        matrix = (rank[:, None] - rank[None, :]) ** 2
    else:
        matrix = distance_matrix(table.values, level, distances)
    unit, rater = np.nonzero(table.codes != MISSING)
    latents, raters = ({name: i for i, name in enumerate(names)} for names in (fitted.latents, fitted.raters))
    return as_noisy_as(
        model,
        np.array([latents[table.units[u]] for u in unit], dtype=np.int64),
        np.array([raters[table.raters[j]] for j in rater], dtype=np.int64),
        matrix,
        float(disagreement(pairs, matrix).sum()),
    )


def _cheapest(cells: Sequence[PlanCell], wanted_width: float) -> PlanCell | Undefined:
    reaching = [cell for cell in cells if cell.reaches]
    if reaching:
        return min(reaching, key=lambda cell: (cell.ratings, cell.raters))
    widths = [(cell.width, cell) for cell in cells if isinstance(cell.width, float)]
    if not widths:
        return Undefined("No size asked for gives an interval; ask for more latents.")
    narrowest, cell = min(widths, key=lambda pair: pair[0])
    return Undefined(
        f"No size asked for reaches a width of {wanted_width:g}; {cell.raters} raters on {cell.latents} latents come "
        f"nearest, with {narrowest:.2f}. Ask for more latents."
    )
