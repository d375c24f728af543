import numpy as np
import pytest

from annotation.science.alpha import alpha
from annotation.science.clc import clc
from annotation.science.hierarchy import concept_distances
from annotation.science.pilot_model import as_noisy_as, expected_disagreement, pilot_model
from annotation.science.planning import plan
from annotation.science.rated_pairs import rated_pairs
from annotation.science.simulate import simulated_ratings
from annotation.science.simulated_world import (
    Candidates,
    ConceptOption,
    simulated_latents,
    simulated_raters,
    spread_reads,
)
from annotation.science.split_votes import known_values
from annotation.science.table import RatingTable
from annotation.science.types import Answer, ScienceError, Undefined, closed_item, open_item, ordinal_item
from annotation.science.weighted_alpha import disagreement

CATEGORIES = ("anatomy", "disease", "drug", "sign", "test")
CATEGORY, COHERENCE, CONCEPT = closed_item(CATEGORIES), ordinal_item((1, 2, 3, 4, 5)), open_item()


def study(latents, per_latent, seed, ask="category", raters_seed=3):
    """Answers of the demo's simulated physicians: a world that the planner's model does not come from."""
    rng = np.random.default_rng(raters_seed)
    people = simulated_raters({"north": ["a", "b", "c", "d"], "south": ["e", "f", "g", "h"]}, rng)
    rng = np.random.default_rng([seed, latents, per_latent])
    candidates = [
        Candidates(f"{i:04d}", tuple(
            ConceptOption(f"{CATEGORIES[(i + k) % 5]} {(i * 7 + k) % 40}", CATEGORIES[(i + k) % 5]) for k in range(3)
        ))
        for i in range(latents)
    ]  # fmt: skip
    world = simulated_latents(candidates, rng)
    ratings = simulated_ratings(world, people, spread_reads(world, people, per_latent, rng), rng)
    answer = {"category": lambda r: r.category, "coherence": lambda r: r.coherence, "concept": lambda r: r.concept}[ask]
    return [Answer(r.latent, r.rater, answer(r), r.institution, r.reading) for r in ratings]


def as_table(answers, item):
    return RatingTable.from_answers(answers, item.classes or None)


def a_plan(pilot, item=CATEGORY, level="nominal", **more):
    asked = {"wanted_width": 0.2, "raters": (3,), "latents": (60,), "seed": 1, "simulations": 12} | more
    return plan(pilot, item, level, **asked)


@pytest.mark.parametrize(
    ("ask", "item", "level"),
    [("category", CATEGORY, "nominal"), ("coherence", COHERENCE, "ordinal"), ("concept", CONCEPT, "nominal")],
)
def test_the_real_study_ends_with_the_width_that_was_planned(ask, item, level):
    pilot = study(40, 4, seed=5, ask=ask)
    planned = a_plan(
        pilot, item, level, raters=(3, 5), latents=(60, 120, 240), simulations=24,
        wanted_width={"category": 0.14, "coherence": 0.16, "concept": 0.12}[ask],
    )  # fmt: skip
    chosen = planned.cheapest
    reached = [
        alpha(as_table(study(chosen.latents, chosen.raters, seed, ask), item), level, seed=1, replicates=500)
        for seed in range(100, 110)
    ]
    width = np.mean([estimate.high - estimate.low for estimate in reached])
    assert chosen.width == pytest.approx(width, rel=0.15)
    assert width <= planned.wanted_width * 1.15
    assert all(cell.ratings >= chosen.ratings for cell in planned.cells if cell.reaches)


@pytest.mark.parametrize(
    ("ask", "item", "level"),
    [("category", CATEGORY, "nominal"), ("coherence", COHERENCE, "ordinal"), ("concept", CONCEPT, "nominal")],
)
def test_drawn_studies_agree_as_far_as_the_pilot_did(ask, item, level):
    pilot = study(60, 4, seed=6, ask=ask)
    planned = a_plan(pilot, item, level, raters=(4,), latents=(200,), simulations=30)
    assert planned.cells[0].alpha == pytest.approx(planned.pilot.value, abs=0.06)
    assert 0 < planned.kept < 1


@pytest.mark.parametrize(("ask", "item"), [("category", CATEGORY), ("concept", CONCEPT)])
def test_the_closed_form_of_expected_disagreement_is_what_drawing_gives(ask, item):
    """The pilot's design drawn 400 times by plain loops: theta, then each rater's class, then her mean errors."""
    pilot = study(25, 3, seed=7, ask=ask)
    result = clc(pilot, item, seed=1)
    values = item.classes or known_values(pilot)
    model = pilot_model(result, values)
    table = result.fitted.table
    apart = 1.0 - np.eye(len(values))
    expected = expected_disagreement(model, table.latent, table.rater, apart)
    rng = np.random.default_rng(2)
    shares = model.opinion_shares()
    drawn = []
    for _ in range(400):
        total = 0.0
        for i in range(len(table.latents)):
            here = np.flatnonzero(table.latent == i)
            size = int(model.n_classes[i])
            theta = rng.dirichlet(shares[i, :size])
            written = [_written(model, i, int(table.rater[a]), int(rng.choice(size, p=theta)), rng) for a in here]
            unlike = sum(x != y or x < 0 for k, x in enumerate(written) for y in written[k + 1 :])
            total += 2 * unlike / (len(here) - 1) if len(here) > 1 else 0.0
        drawn.append(total)
    assert expected == pytest.approx(np.mean(drawn), abs=3 * np.std(drawn) / 20)


def _written(model, latent, rater, meant, rng):
    """The answer as a position among the values, -1 for a concept of its own."""
    if model.rows is not None:
        row = model.rows[rater, meant] / model.rows[rater, meant].sum()
        return int(rng.choice(len(row), p=row))
    others = [k for k in range(model.n_classes[latent]) if k != meant]
    if rng.random() > model.right[rater] / (model.right[rater] + model.wrong[rater]):
        strange = int(model.alternatives[latent]) - len(others)
        meant = int(rng.choice([*others, *[int(model.n_classes[latent]) - 1] * strange]))
    return int(model.value_of[latent, meant])


def test_the_noise_that_is_kept_is_what_the_pilots_disagreement_asks_for():
    pilot = study(40, 4, seed=8)
    result = clc(pilot, CATEGORY, seed=1)
    table = as_table(pilot, CATEGORY)
    unit, rater = np.nonzero(table.codes >= 0)
    place = {name: i for i, name in enumerate(result.fitted.table.latents)}
    at = np.array([place[table.units[u]] for u in unit]), rater, 1.0 - np.eye(5)
    model = pilot_model(result, CATEGORIES)
    observed = disagreement(rated_pairs(table.codes, 5), None).sum()
    noisy = as_noisy_as(model, *at, observed)
    assert expected_disagreement(noisy, *at) == pytest.approx(observed, rel=1e-6)
    assert as_noisy_as(model, *at, observed * 1.2).kept > noisy.kept


def test_more_latents_narrow_the_interval_by_the_root_of_their_number():
    planned = a_plan(study(40, 4, seed=5), raters=(3,), latents=(60, 240), simulations=30)
    few, many = planned.cells
    assert few.width / many.width == pytest.approx(2.0, rel=0.12)
    assert 0 < many.monte_carlo_error < few.monte_carlo_error < few.width / 10
    assert few.likely.low < few.width < few.likely.high


def test_sets_and_hierarchies_can_be_planned():
    rng = np.random.default_rng(3)
    flags = [frozenset(), frozenset({"scan"}), frozenset({"scan", "family"})]
    sets = [Answer(f"{i}", f"r{j}", flags[i % 3 if rng.random() < 0.8 else 0]) for i in range(20) for j in range(4)]
    planned = a_plan(sets, open_item(), "sets")
    assert planned.cells[0].width > 0
    assert planned.pilot.level == "sets"
    concepts = study(30, 4, seed=5, ask="concept")
    names = known_values(concepts)
    broader = {name: frozenset({name.split()[0]}) for name in names}
    near = a_plan(concepts, CONCEPT, "hierarchy", distances=concept_distances(names, broader))
    assert near.cells[0].alpha == pytest.approx(near.pilot.value, abs=0.08)
    assert near.cells[0].width > 0


def test_a_cell_does_not_depend_on_its_neighbours_and_the_seed_decides():
    pilot = study(30, 4, seed=5)
    alone = a_plan(pilot).cells[0]
    among = a_plan(pilot[::-1], raters=(2, 3), latents=(30, 60)).cells
    assert [(cell.raters, cell.latents) for cell in among] == [(2, 30), (2, 60), (3, 30), (3, 60)]
    assert among[3] == alone
    assert a_plan(pilot, seed=2).cells[0].width != alone.width


def test_a_wish_that_no_size_reaches_says_what_comes_nearest():
    planned = a_plan(study(30, 4, seed=5), wanted_width=0.01, latents=(30, 60))
    assert isinstance(planned.cheapest, Undefined)
    assert "3 raters on 60 latents come nearest" in planned.cheapest.reason
    assert not any(cell.reaches for cell in planned.cells)


def test_a_study_too_small_for_an_interval_is_a_cell_without_width():
    planned = a_plan(study(30, 4, seed=5), latents=(5,))
    assert "at least 10 latents" in planned.cells[0].width.reason
    assert "No size asked for gives an interval" in planned.cheapest.reason


@pytest.mark.parametrize(
    ("pilot", "words"),
    [
        ([], "No latent has been rated by two raters"),
        ([Answer(f"{i}", f"r{j}", CATEGORIES[i % 3]) for i in range(9) for j in range(3)], "at least 10 latents"),
        ([Answer(f"{i}", f"r{j}", CATEGORIES[i % 3]) for i in range(12) for j in range(2)], "at least 3 raters"),
        ([Answer(f"{i}", f"r{j}", "drug") for i in range(12) for j in range(3)], "Every rating is the same"),
    ],
)
def test_too_small_a_pilot_says_what_is_missing(pilot, words):
    assert words in a_plan(pilot).reason


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"wanted_width": 0}, "between 0 and 2"),
        ({"raters": (1, 2)}, "at least two raters a latent"),
        ({"latents": ()}, "at least one latent"),
        ({"raters": (5,), "pool": 4}, "the study would have only 4"),
        ({"simulations": 1}, "at least two drawn studies"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(more, words):
    with pytest.raises(ScienceError, match=words):
        a_plan(study(12, 3, seed=1), **more)
