import pytest

from annotation.science.answer_table import answer_table
from annotation.science.clc_parameters import ClcParameters
from annotation.science.institutions import design_weights, excess_agreement, institution_effects, same_votes
from annotation.science.types import Answer, Undefined, closed_item

ITEM = closed_item(("a", "b", "c"))
DEFAULT = ClcParameters()


def effects_of(answers):
    table = answer_table(answers, ITEM)
    return table, institution_effects(table, DEFAULT)


def weights_of(table, effects):
    return design_weights(table, excess_agreement(table, effects), same_votes(table))


def test_with_one_institution_it_is_undefined_and_every_vote_whole(ratings):
    table, effects = effects_of(ratings("aab", "bbb"))
    assert effects == Undefined(
        "All raters belong to one institution, so that shared habits cannot be told from agreement."
    )
    assert weights_of(table, effects).tolist() == [1.0] * 6


def test_without_a_latent_seen_from_two_institutions_it_is_undefined():
    _, effects = effects_of([Answer("1", "ada", "a", "north"), Answer("2", "chloe", "b", "south")])
    assert "from two institutions" in effects.reason


def test_rho_is_the_excess_agreement_shrunk_to_one_tenth(ratings):
    """Two northerners always agree with each other (10 pairs); they agree with the southerner on 4 of 10 latents."""
    _, (north, south) = effects_of(ratings(*["aaa"] * 4, *["aab"] * 6, institutions="nns"))
    assert (north.within, north.cross, north.n_within_pairs, north.n_cross_pairs) == (1.0, 0.4, 10, 20)
    assert north.rho == pytest.approx((10 * 1.0 + 20 * 0.1) / 30)
    assert south.within is None
    assert south.rho == pytest.approx(0.1)


def test_same_answers_of_one_institution_share_their_weight(ratings):
    table, effects = effects_of(ratings(*["aaa"] * 4, *["aab"] * 6, institutions="nns"))
    weights = weights_of(table, effects).reshape(10, 3)
    rho = effects[0].rho
    assert weights[0].tolist() == pytest.approx([1 / (1 + rho), 1 / (1 + rho), 1])


def test_a_repeat_reading_is_no_second_colleague():
    answers = [
        Answer("1", "ada", "a", "north"),
        Answer("1", "ada", "a", "north", reading=2),
        Answer("1", "chloe", "a", "south"),
        Answer("2", "ada", "b", "north"),
        Answer("2", "chloe", "c", "south"),
    ]
    table, effects = effects_of(answers)
    assert effects[0].n_within_pairs == 0
    assert weights_of(table, effects).tolist() == [1.0] * 5
    assert effects[0].cross == pytest.approx(0.5)


def test_less_agreement_at_home_than_abroad_is_no_bonus(ratings):
    _, (north, _) = effects_of(ratings(*["aba"] * 30, *["baa"] * 30, institutions="nns"))
    assert north.within == 0
    assert north.rho == 0


def test_where_everybody_agrees_there_is_no_excess(ratings):
    _, (north, _) = effects_of(ratings(*["aaa"] * 30, institutions="nns"))
    assert north.rho == pytest.approx(20 * 0.1 / 50)


def test_few_pairs_across_institutions_say_little_however_many_agree_at_home(ratings):
    """20 pairs at home always agree; only 2 pairs across could show that strangers do not."""
    _, (north, _) = effects_of(ratings(*["aa."] * 19, "aab", institutions="nns"))
    assert (north.n_within_pairs, north.n_cross_pairs) == (20, 2)
    assert north.rho == pytest.approx((2 * 1.0 + 20 * 0.1) / 22)
