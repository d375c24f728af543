import itertools

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.science.alpha import alpha
from annotation.science.hierarchy import concept_distances
from annotation.science.table import RatingTable
from annotation.science.types import Answer, ScienceError, Undefined

HEART = {
    "myocardial infarction": frozenset({"acute coronary syndrome"}),
    "unstable angina": frozenset({"acute coronary syndrome"}),
    "acute coronary syndrome": frozenset({"heart disease"}),
    "atrial fibrillation": frozenset({"heart disease", "arrhythmia"}),
    "flutter": frozenset({"arrhythmia"}),
}
NAMES = (
    "acute coronary syndrome",
    "asthma",
    "atrial fibrillation",
    "flutter",
    "heart disease",
    "myocardial infarction",
    "unstable angina",
)


def distance(first, second):
    matrix = concept_distances((first, second), HEART)
    return float(matrix[0, 1])


def naive_distance(first, second, broader):
    """Wu and Palmer by walking every way up, one concept at a time."""

    def ways_up(concept):
        return [[concept, *way] for up in sorted(broader.get(concept, ())) for way in ways_up(up)] + [[concept]]

    def depth(concept):
        return max(len(way) for way in ways_up(concept))

    def links(concept, ancestor):
        return min(len(way) - 1 for way in ways_up(concept) if way[-1] == ancestor)

    common = {way[-1] for way in ways_up(first)} & {way[-1] for way in ways_up(second)}
    return 1 - max(
        (2 * depth(c) / (links(first, c) + links(second, c) + 2 * depth(c)) for c in common), default=0.0
    )  # fmt: skip


@st.composite
def hierarchies(draw):
    """Up to eight concepts, each with up to three broader ones among those before it."""
    names = [f"c{i}" for i in range(draw(st.integers(2, 8)))]
    broader = {}
    for i, name in enumerate(names):
        ups = draw(st.sets(st.integers(0, max(0, i - 1)), max_size=min(i, 3))) if i else set()
        broader[name] = frozenset(names[up] for up in ups)
    return tuple(names), broader


def test_a_near_miss_is_nearer_than_a_stranger():
    assert distance("myocardial infarction", "unstable angina") == pytest.approx(1 - 4 / 6)
    assert distance("myocardial infarction", "acute coronary syndrome") == pytest.approx(1 - 4 / 5)
    assert distance("myocardial infarction", "heart disease") == pytest.approx(1 - 2 / 4)
    assert distance("myocardial infarction", "flutter") == 1
    assert distance("myocardial infarction", "asthma") == 1


def test_the_nearest_of_several_broader_concepts_counts():
    assert distance("atrial fibrillation", "flutter") == pytest.approx(0.5)
    assert distance("atrial fibrillation", "heart disease") == pytest.approx(1 / 3)


def test_two_tops_are_strangers():
    assert distance("heart disease", "arrhythmia") == 1


def test_dog_and_cat_are_as_near_as_wordnet_has_them(golden):
    broader = {}
    for link in golden("wordnet_carnivores.csv"):
        broader[link["narrower"]] = broader.get(link["narrower"], frozenset()) | {link["broader"]}
    found = concept_distances(("dog", "cat"), broader)
    assert 1 - found[0, 1] == pytest.approx(24 / 28)


@given(hierarchies())
def test_distances_are_those_of_a_walk_up_every_way(hierarchy):
    names, broader = hierarchy
    expected = [[naive_distance(a, b, broader) for b in names] for a in names]
    found = concept_distances(names, broader)
    assert found == pytest.approx(np.array(expected), abs=1e-12)
    assert np.array_equal(found, found.T)
    assert (np.diag(found) == 0).all()
    assert (found[~np.eye(len(names), dtype=bool)] > 0).all()
    assert (found <= 1).all()


def test_a_circle_of_links_is_refused():
    with pytest.raises(ScienceError, match='"a" is broader than itself'):
        concept_distances(("a", "b"), {"a": frozenset("b"), "b": frozenset("a")})


def as_table(rows, domain=NAMES):
    answers = [Answer(f"{i:03d}", str(j), value) for i, row in enumerate(rows) for j, value in enumerate(row)]
    return RatingTable.from_answers(answers, domain)


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.sampled_from(NAMES)), min_size=3, max_size=3), min_size=2, max_size=10
    )
)  # fmt: skip
def test_alpha_of_concepts_is_that_of_a_plain_loop_and_of_the_package(rows):
    distances = concept_distances(NAMES, HEART)
    result = alpha(as_table(rows), "hierarchy", seed=0, replicates=10, distances=distances)
    units = [[NAMES.index(value) for value in row if value is not None] for row in rows]
    units = [unit for unit in units if len(unit) >= 2]
    pooled = [value for unit in units for value in unit]
    chance = sum(distances[a, b] for a, b in itertools.permutations(pooled, 2))
    if len(units) < 2 or chance == 0:
        assert isinstance(result, Undefined)
        return
    within = sum(
        sum(distances[a, b] for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units
    )  # fmt: skip
    assert result.value == pytest.approx(1 - within * (len(pooled) - 1) / chance, abs=1e-12)
    counts = np.array([[unit.count(k) for k in range(len(NAMES))] for unit in units])
    package = krippendorff.alpha(
        value_counts=counts, level_of_measurement=lambda v1, v2, i1, i2, **_: distances[i1, i2]
    )
    assert result.value == pytest.approx(float(package), abs=1e-12)


def test_near_misses_count_for_more_than_under_the_nominal_level():
    rows = [["myocardial infarction", "unstable angina"]] * 6 + [["asthma", "asthma"]] * 6
    nominal = alpha(as_table(rows), "nominal", seed=1)
    near = alpha(as_table(rows), "hierarchy", seed=1, distances=concept_distances(NAMES, HEART))
    assert near.value > nominal.value
    assert near.level == "hierarchy"


def test_without_any_links_it_is_nominal_alpha():
    rng = np.random.default_rng(2)
    rows = [[NAMES[k] for k in row] for row in rng.integers(0, 5, (20, 3))]
    plain = alpha(as_table(rows), "nominal", seed=1)
    bare = alpha(as_table(rows), "hierarchy", seed=1, distances=concept_distances(NAMES, {}))
    assert bare.value == pytest.approx(plain.value, abs=1e-12)
    assert bare.interval.low == pytest.approx(plain.interval.low, abs=1e-9)
    assert bare.interval.high == pytest.approx(plain.interval.high, abs=1e-9)


@pytest.mark.parametrize(
    ("level", "distances", "words"),
    [
        ("hierarchy", None, "only there"),
        ("interval", np.zeros((2, 2)), "only there"),
        ("hierarchy", np.zeros((3, 3)), "2 x 2 table"),
        ("hierarchy", np.ones((2, 2)), "0 from an answer to itself"),
        ("hierarchy", np.array([[0.0, 0.5], [0.4, 0.0]]), "same both ways"),
        ("hierarchy", np.array([[0.0, 1.5], [1.5, 0.0]]), "between 0 and 1"),
        ("hierarchy", np.array([[0.0, np.nan], [np.nan, 0.0]]), "between 0 and 1"),
    ],
)
def test_distances_that_are_none_are_refused(level, distances, words):
    table = as_table([[1, 2], [2, 2], [1, 1]], (1, 2))
    with pytest.raises(ScienceError, match=words):
        alpha(table, level, seed=1, distances=distances)


def test_answers_that_all_count_as_the_same_leave_alpha_undefined():
    result = alpha(as_table([["a", "b"], ["b", "a"]], ("a", "b")), "hierarchy", seed=1, distances=np.zeros((2, 2)))
    assert "count as the same at this level" in result.reason


def test_full_agreement_with_variation_is_one_and_independent_answers_agree_as_chance_has_it():
    distances = concept_distances(NAMES, HEART)
    same = [[NAMES[i % 7]] * 3 for i in range(14)]
    assert alpha(as_table(same), "hierarchy", seed=1, distances=distances).value == 1
    rng = np.random.default_rng(5)
    strangers = [[NAMES[k] for k in row] for row in rng.integers(0, 7, (800, 3))]
    found = alpha(as_table(strangers), "hierarchy", seed=1, replicates=200, distances=distances)
    assert abs(found.value) < 0.04
    assert found.low < 0 < found.high


def test_the_order_of_concepts_does_not_matter():
    rng = np.random.default_rng(6)
    rows = [[NAMES[k] for k in row] for row in rng.integers(0, 7, (30, 3))]
    forth = alpha(as_table(rows), "hierarchy", seed=1, distances=concept_distances(NAMES, HEART))
    other = NAMES[::-1]
    back = alpha(as_table(rows[::-1], other), "hierarchy", seed=1, distances=concept_distances(other, HEART))
    assert back.value == pytest.approx(forth.value, abs=1e-12)
