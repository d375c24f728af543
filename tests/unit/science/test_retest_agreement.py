import itertools

import krippendorff
import numpy as np
import pytest

from annotation.science.retest import retest_agreement
from annotation.science.types import Answer, ScienceError, Undefined


def readings(*rows):
    """(rater, latent, first, second, ...) each."""
    return [
        Answer(latent, rater, value, reading=k + 1) for rater, latent, *values in rows for k, value in enumerate(values)
    ]


def many(rater, n, match, seed, classes=4):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, classes, n)
    second = np.where(rng.random(n) < match, first, rng.integers(0, classes, n))
    return [(rater, f"latent {i:02d}", int(a), int(b)) for i, (a, b) in enumerate(zip(first, second, strict=True))]


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_alpha_with_herself_is_the_packages_alpha_of_her_two_readings(level):
    rows = many("anna", 40, 0.7, seed=1)
    (anna,) = retest_agreement(readings(*rows), level, seed=1, domain=(0, 1, 2, 3)).raters
    data = np.array([[a, b] for _, _, a, b in rows], dtype=float).T
    package = krippendorff.alpha(reliability_data=data, level_of_measurement=level)
    assert anna.alpha.value == pytest.approx(float(package), abs=1e-12)
    assert anna.raw.value == pytest.approx((data[0] == data[1]).mean())
    assert (anna.n_pairs, anna.n_matched) == (40, int((data[0] == data[1]).sum()))
    assert anna.alpha.low < anna.alpha.value < anna.alpha.high
    assert anna.gwet.method == ("Gwet's AC1" if level == "nominal" else anna.gwet.method)
    assert anna.gwet.low < anna.gwet.value < anna.gwet.high


def test_the_anaesthetist_who_read_everybody_three_times(golden):
    """Dawid and Skene's observer 1: readings 1 and 2, and 2 and 3, of 45 patients."""
    rows = [row for row in golden("dawid_skene_1979.csv") if row["observer"] == "1"]
    answers = [Answer(row["patient"], "1", int(row["rating"]), reading=int(row["reading"])) for row in rows]
    (observer,) = retest_agreement(answers, "ordinal", seed=1, domain=(1, 2, 3, 4)).raters
    by_patient = {}
    for row in sorted(rows, key=lambda row: int(row["reading"])):
        by_patient.setdefault(row["patient"], []).append(float(row["rating"]))
    pairs = [pair for readings in by_patient.values() for pair in itertools.pairwise(readings)]
    package = krippendorff.alpha(reliability_data=np.array(pairs).T, level_of_measurement="ordinal")
    assert observer.n_pairs == len(pairs) == 90
    assert observer.alpha.value == pytest.approx(float(package), abs=1e-12)
    assert observer.raw.value == pytest.approx(np.mean([a == b for a, b in pairs]))


def test_a_hand_computed_example():
    """Pairs xx, xx, yy, xy: five x, three y, 30 ordered pairs of them differ. D_o = 2, D_e = 30/7."""
    rows = [("anna", "1", "x", "x"), ("anna", "2", "x", "x"), ("anna", "3", "y", "y"), ("anna", "4", "x", "y")]
    (anna,) = retest_agreement(readings(*rows), "nominal", seed=1).raters
    assert anna.alpha.value == pytest.approx(1 - 2 / (30 / 7))
    assert anna.raw.value == 0.75
    assert "at least 10 latents" in anna.alpha.interval_reason


def test_each_reading_is_compared_with_the_one_before():
    (anna,) = retest_agreement(
        readings(("anna", "1", "x", "y", "y"), ("anna", "2", "y", "x")), "nominal", seed=1
    ).raters
    assert (anna.n_pairs, anna.n_matched) == (3, 1)


def test_cannot_tell_makes_no_pair():
    rows = [("anna", "1", "x", None), ("anna", "2", "y", "y")]
    (anna,) = retest_agreement(readings(*rows), "nominal", seed=1).raters
    assert anna.n_pairs == 1
    assert "Only one latent has been read again" in anna.alpha.reason


def test_raters_are_never_compared_with_each_other():
    rows = [("anna", "1", "x", "x"), ("ben", "1", "y", "y"), ("anna", "2", "y", "y"), ("ben", "2", "x", "x")]
    found = retest_agreement(readings(*rows), "nominal", seed=1)
    assert found.everyone.alpha.value == 1
    assert [rater.rater for rater in found.raters] == ["anna", "ben"]


def test_all_together_latents_are_drawn_whole():
    """Pairs of one latent stand or fall together, so that the interval is wider than of so many independent pairs."""
    steady = [(name, f"{i:02d}", i % 3, i % 3) for name in "abcdef" for i in range(12)]
    shaky = [(name, f"{i:02d}", i % 3, (i + 1) % 3) for name in "abcdef" for i in range(12, 24)]
    whole = retest_agreement(readings(*steady, *shaky), "nominal", seed=1).everyone
    apart = [(name, f"{name}{latent}", a, b) for name, latent, a, b in steady + shaky]
    loose = retest_agreement(readings(*apart), "nominal", seed=1).everyone
    assert whole.alpha.value == pytest.approx(loose.alpha.value)
    assert whole.alpha.high - whole.alpha.low > 1.8 * (loose.alpha.high - loose.alpha.low)
    assert whole.raw.high - whole.raw.low > 1.8 * (loose.raw.high - loose.raw.low)


def test_sets_are_compared_by_masi():
    a, ab, none = frozenset("a"), frozenset("ab"), frozenset()
    rows = [("anna", "1", a, ab), ("anna", "2", none, none), ("anna", "3", ab, ab)]
    (anna,) = retest_agreement(readings(*rows), "sets", seed=1).raters
    d = 1 - 1 / 2 * 2 / 3
    pooled = [a, ab, none, none, ab, ab]
    chance = sum(0 if x == y else d if none not in (x, y) else 1 for x in pooled for y in pooled) / 5
    assert anna.alpha.value == pytest.approx(1 - 2 * d / chance)


def test_without_repeats_a_sentence_says_so():
    found = retest_agreement([Answer("1", "anna", "x"), Answer("1", "ben", "x")], "nominal", seed=1)
    assert found.raters == ()
    assert found.everyone.n_pairs == 0
    for figure in (found.everyone.raw, found.everyone.alpha, found.everyone.gwet):
        assert figure == Undefined("Nothing has been read again yet, so that nothing can be compared.")


def test_who_always_gives_one_answer_has_no_alpha():
    (anna,) = retest_agreement(readings(*[("anna", str(i), "x", "x") for i in range(12)]), "nominal", seed=1).raters
    assert "Every rating is the same" in anna.alpha.reason
    assert anna.raw.value == 1


def test_an_answer_outside_the_options_is_refused():
    with pytest.raises(ScienceError, match="'z' is not among the rubric's options"):
        retest_agreement(readings(("anna", "1", "z", "z")), "nominal", seed=1, domain=("x", "y"))


def test_order_does_not_matter_and_the_seed_decides():
    rows = readings(*many("anna", 20, 0.6, 1), *many("ben", 20, 0.9, 2))
    first = retest_agreement(rows, "nominal", seed=1)
    assert first == retest_agreement(rows[::-1], "nominal", seed=1)
    assert first != retest_agreement(rows, "nominal", seed=2)
