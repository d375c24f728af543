from dataclasses import replace

import krippendorff
import numpy as np
import pytest

from annotation.science.ambiguity import Thresholds, judge
from annotation.science.ambiguity_preview import preview
from annotation.science.clc import clc
from annotation.science.clc_parameters import ClcParameters
from annotation.science.hierarchy import concept_distances
from annotation.science.sensitivity import ChangedLabel, leave_one_out
from annotation.science.types import Answer, CalibrationAnswer, ScienceError, Undefined, closed_item, open_item

OPTIONS = ("cardiac", "renal", "other")
ITEM = closed_item(OPTIONS)


def world(latents=30, seed=1):
    """Four good raters and a guesser at three sites, in two rounds."""
    rng = np.random.default_rng(seed)
    site = {"r0": "north", "r1": "north", "r2": "south", "r3": "south", "guesser": "west"}
    answers = []
    for i in range(latents):
        truth = rng.integers(3)
        for rater, where in site.items():
            chosen = truth if rater != "guesser" and rng.random() < 0.85 else rng.integers(3)
            answers.append(Answer(f"{i:03d}", rater, OPTIONS[chosen], where, round="1" if i < 20 else "2"))
    return answers


def left_out(answers, thresholds=Thresholds(), params=None, **more):  # noqa: B008
    asked = {"seed": 1, "level": "nominal", "extra_rounds": {}, "institutions_in_study": 3} | more
    return leave_one_out(answers, ITEM, params, thresholds, **asked)


def by_name(found):
    return {(entry.kind, entry.left_out): entry for entry in found}


def test_nobody_comes_first_then_everyone_once():
    found = left_out(world())
    assert [(entry.kind, entry.left_out) for entry in found] == [
        ("nobody", ""),
        *(("rater", name) for name in ("guesser", "r0", "r1", "r2", "r3")),
        *(("institution", name) for name in ("north", "south", "west")),
        *(("round", name) for name in ("1", "2")),
    ]


def test_each_is_the_study_computed_without_them():
    answers = world()
    calibration = [CalibrationAnswer(rater, "known", 0.9, 3) for rater in ("r0", "r2")]
    extra = {"003": 2, "004": 2}
    found = by_name(left_out(answers, extra_rounds=extra, calibration=calibration))
    gone = {"rater": lambda a, name: a.rater == name, "institution": lambda a, name: a.institution == name,
            "round": lambda a, name: a.round == name, "nobody": lambda a, name: False}  # fmt: skip
    for (kind, name), entry in found.items():
        rest = [answer for answer in answers if not gone[kind](answer, name)]
        known = [c for c in calibration if c.rater in {a.rater for a in rest}]
        result = clc(rest, ITEM, seed=1, calibration=known)
        sites = len({answer.institution for answer in rest})
        verdicts = [
            judge(
                result.of(f"{i:03d}"), extra_rounds_used=extra.get(f"{i:03d}", 0), institutions_in_study=sites
            ).outcome
            for i in range(30)
        ]
        assert {outcome: verdicts.count(outcome) for outcome in entry.verdicts} == dict(entry.verdicts)
        assert sum(entry.verdicts.values()) == 30
        assert entry.n_ratings == len(rest)
        assert entry.n_latents == len({answer.latent for answer in rest})
        raters = sorted({answer.rater for answer in rest})
        data = np.full((len(raters), 30), np.nan)
        for answer in rest:
            data[raters.index(answer.rater), int(answer.latent)] = OPTIONS.index(answer.value)
        package = krippendorff.alpha(reliability_data=data, level_of_measurement="nominal")
        assert entry.alpha.value == pytest.approx(float(package), abs=1e-12)
        assert entry.alpha.interval == Undefined("No interval was asked for.")


def test_without_the_guesser_agreement_rises():
    found = by_name(left_out(world()))
    assert found["rater", "guesser"].alpha.value > found["nobody", ""].alpha.value + 0.1
    assert found["rater", "r0"].alpha.value < found["nobody", ""].alpha.value


def test_a_label_that_rests_on_one_institution_changes_when_it_is_left_out():
    answers = [Answer(f"{i:02d}", f"r{j}", OPTIONS[i % 3], "north" if j < 3 else "south") for i in range(12)
               for j in range(5)]  # fmt: skip
    answers += [Answer("split", f"r{j}", "cardiac" if j < 3 else "renal", "north" if j < 3 else "south")
                for j in range(5)]  # fmt: skip
    easy = Thresholds(q=0.5, theta=0.4, n_eff=1.0, flip_rate=1.1, institutions=1)
    plain = ClcParameters(use_institutions=False)
    found = by_name(left_out(answers, easy, plain, institutions_in_study=2))
    assert found["institution", "north"].changed == (ChangedLabel("split", "cardiac", "renal", "accepted"),)
    assert found["institution", "south"].changed == ()


def test_a_label_that_is_no_longer_accepted_has_no_label_after():
    answers = world()
    found = by_name(left_out(answers))
    kept = found["nobody", ""].verdicts["accepted"]
    gone = found["round", "2"]
    lost = [change for change in gone.changed if change.after is None]
    assert gone.verdicts["accepted"] <= kept
    assert {change.outcome for change in lost} == {"needs_raters"}
    assert all(int(change.latent) >= 20 for change in lost)
    assert gone.n_latents == 20


def test_an_item_that_decides_nothing_has_only_its_agreement():
    found = left_out(world(), None)
    assert all(entry.verdicts is None and entry.changed == () for entry in found)
    assert len({entry.alpha.value for entry in found}) > 3


def test_of_two_raters_neither_leaves_an_agreement():
    answers = [Answer(f"{i}", f"r{j}", OPTIONS[i % 3], "north") for i in range(6) for j in range(2)]
    found = left_out(answers, institutions_in_study=1)
    assert [entry.kind for entry in found] == ["nobody", "rater", "rater"]
    assert "No latent has been rated by two raters" in found[1].alpha.reason


def test_a_repeat_stands_in_for_a_first_reading_that_is_left_out():
    answers = [Answer(f"{i}", f"r{j}", OPTIONS[i % 3], round="1") for i in range(6) for j in range(2)]
    again = [replace(answer, reading=2, round="2") for answer in answers]
    found = by_name(left_out(answers + again, None))
    assert found["round", "1"].alpha.value == 1
    assert found["round", "1"].alpha.n_ratings == 12


def test_concepts_take_their_distances_from_the_hierarchy():
    names = ("angina", "asthma", "infarction")
    broader = {"angina": frozenset({"heart"}), "infarction": frozenset({"heart"})}
    answers = [Answer(f"{i}", f"r{j}", names[(i + (j == 2 and i % 2) * 2) % 3]) for i in range(9) for j in range(3)]
    whole = leave_one_out(
        answers, open_item(), None, None, seed=1, level="hierarchy", extra_rounds={}, institutions_in_study=1,
        domain=names, distances=concept_distances(names, broader),
    )[0]  # fmt: skip
    plain = leave_one_out(
        answers, open_item(), None, None, seed=1, level="nominal", extra_rounds={}, institutions_in_study=1
    )[0]
    assert plain.alpha.value != whole.alpha.value
    assert whole.alpha.level == "hierarchy"


def test_the_order_of_answers_does_not_matter_and_replicates_give_intervals():
    answers = world()
    forth, back = left_out(answers, replicates=50), left_out(answers[::-1], replicates=50)
    assert forth == back
    assert forth[0].alpha.low < forth[0].alpha.value


def test_a_preview_counts_what_the_rule_makes_of_every_latent():
    result = clc(world(), ITEM, seed=1)
    everybody = {consensus.latent: consensus for consensus in result.latents}
    silent = everybody | {"silent": Undefined("No rater has answered for this latent yet.")}
    strict, usual = Thresholds(q=0.9999999, theta=0.95), Thresholds()
    extra = dict.fromkeys(everybody, 2)
    now = preview(result.latents, usual, extra, 3)
    assert now == preview(everybody, usual, extra, 3)
    assert now.total == 30
    assert now.accepted > preview(everybody, strict, extra, 3).accepted
    assert preview(everybody, strict, extra, 3).persistent > now.persistent
    assert preview(everybody, strict, {}, 3).persistent == 0
    assert preview(silent, usual, {"silent": 2}, 3).recruiting == 1
    with pytest.raises(ScienceError, match="at least one institution"):
        preview(everybody, usual, {}, 0)
