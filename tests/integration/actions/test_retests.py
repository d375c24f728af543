"""Some latents come back to the same rater after a while, once, and nothing tells her so."""

from datetime import timedelta

import pytest

from annotation.actions.asking_again import ask_again
from annotation.actions.asking_raters import extra_round
from annotation.actions.claiming import claim
from annotation.actions.rating import submit_rating
from annotation.actions.retests import lay_retest
from annotation.actions.rounds import close_round, open_round
from annotation.actions.studies import publish_rubric
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import LatentState, Role, RoundKind, RoundState
from annotation.models import Decline, Membership, Rating, Round, RubricVersion, Slot, Study
from annotation.queries.judging import complete_latents
from annotation.queries.my_studies import my_studies
from annotation.queries.opinions import opinions_on
from annotation.queries.rating_progress import rating_progress
from annotation.queries.reach import reaches
from annotation.rules.refusal import Refused
from tests import world as worlds
from tests.world import NOW, World, add_rater, complete_form, rate_next

WEEK = timedelta(hours=168)
DUE = NOW + WEEK


@pytest.fixture
def always(db: None) -> World:
    """Every rating is followed by a retest a week later."""
    return worlds.build(retest_share=1.0)


def first(world: World) -> Round:
    return world.study.rounds.get(kind=RoundKind.INDEPENDENT)


def twin(world: World) -> Round:
    return world.study.rounds.get(kind=RoundKind.RETEST)


def rate_all(world: World, name: str, now=NOW) -> list[Rating]:  # type: ignore[no-untyped-def]
    given = []
    while rating := rate_next(world.study, getattr(world, name), now=now):
        given.append(rating)
    return given


def errand(world: World, name: str, now) -> str:  # type: ignore[no-untyped-def]
    (mine,) = my_studies(getattr(world, name), now=now)
    return mine.errands[0].sentence


def test_a_round_opens_with_its_retests_beside_it_and_they_close_together(always: World) -> None:
    assert (twin(always).repeats, twin(always).state) == (first(always), RoundState.OPEN)
    rate_next(always.study, always.ada)
    assert twin(always).slots.count() == 1
    close_round(round_=first(always), by=always.rosa, now=NOW)
    assert twin(always).state == RoundState.CLOSED
    assert not twin(always).slots.exists()


def test_retests_are_not_closed_on_their_own(always: World) -> None:
    with pytest.raises(Refused, match="close when that round is closed"):
        close_round(round_=twin(always), by=always.rosa, now=NOW)


def test_an_extra_round_has_retests_too_and_a_study_may_want_none(world: World) -> None:
    assert not world.study.rounds.filter(kind=RoundKind.RETEST).exists()
    Study.objects.update(retest_share=0.5)
    world.study.refresh_from_db()
    extra = extra_round(study=world.study, turn=1, now=NOW)
    assert extra.repeated_by.get().kind == RoundKind.RETEST


def test_a_retest_comes_after_the_gap_and_not_before(always: World) -> None:
    given = rate_all(always, "ada")
    assert len(given) == 6
    assert claim(study=always.study, by=always.ada, now=DUE - timedelta(seconds=1)) is None
    again = rate_all(always, "ada", now=DUE + timedelta(days=30))
    assert {rating.latent for rating in again} == {rating.latent for rating in given}
    assert {rating.round for rating in again} == {twin(always)}


def test_a_retest_is_never_retested_and_comes_to_nobody_else(always: World) -> None:
    rate_all(always, "ada")
    assert not twin(always).slots.exclude(reserved_for=always.ada).exists()
    rate_all(always, "ada", now=DUE)
    assert twin(always).slots.count() == 6
    assert rate_all(always, "ada", now=DUE + WEEK) == []


def test_the_same_share_is_drawn_again_from_the_same_seed(always: World) -> None:
    Study.objects.update(retest_share=0.5)
    always.study.refresh_from_db()
    given = rate_all(always, "ada")
    drawn = set(twin(always).slots.values_list("latent", flat=True))
    twin(always).slots.all().delete()
    for rating in given:
        lay_retest(rating=rating, now=NOW)
    assert set(twin(always).slots.values_list("latent", flat=True)) == drawn


def test_a_form_sent_twice_lays_one_retest(always: World) -> None:
    slot = claim(study=always.study, by=always.ada, now=NOW)
    assert slot is not None
    ticket = read_ticket(write_ticket(slot), by=always.ada)
    for _ in range(2):
        submit_rating(ticket=ticket, raw=complete_form(always.study), active_seconds=1.0, by=always.ada, now=NOW)
    assert twin(always).slots.count() == 1


def test_latents_do_not_wait_for_retests(always: World) -> None:
    rate_all(always, "ada")
    rate_all(always, "ben")
    assert twin(always).slots.count() == 12
    assert complete_latents(always.study).count() == 6


def test_the_rater_is_told_of_the_round_that_is_repeated_and_of_no_other(always: World) -> None:
    rate_all(always, "ada")
    assert errand(always, "ada", NOW) == "Nothing is left for you in the open round. You have rated 6 latents here."
    assert errand(always, "ada", DUE) == "6 latents left for you in round 1."
    rate_all(always, "ada", now=DUE)
    assert "You have rated 6 latents here." in errand(always, "ada", DUE)


def test_progress_goes_on_through_retests(always: World) -> None:
    rate_all(always, "ada")
    seen = []
    for _ in range(3):
        slot = claim(study=always.study, by=always.ada, now=DUE)
        assert slot is not None
        seen.append(rating_progress(round_=slot.round, user=always.ada).current)
        rate_next(always.study, always.ada, now=DUE)
    assert seen == [7, 8, 9]


def newer_rubric(world: World) -> RubricVersion:
    items = [
        {field: getattr(item, field) for field in ("key", "kind", "question", "help", "options", "required")}
        for item in world.study.rubric.items.all()
    ]
    version = publish_rubric(name=world.study.rubric.rubric.name, guidance="Anew.", items=items, by=None, now=NOW)
    Study.objects.update(rubric=version)
    world.study.refresh_from_db()
    return version


def test_asked_again_the_same_raters_rate_the_same_latents_under_the_new_rubric(world: World) -> None:
    given = rate_all(world, "ada")[:2]
    version = newer_rubric(world)
    round_ = ask_again(study=world.study, ratings=given, by=world.rosa, now=NOW)
    assert (round_.kind, round_.rubric) == (RoundKind.AGAIN, version)
    again = rate_all(world, "ada")
    assert [(rating.round, rating.latent) for rating in again if rating.round == round_] == [
        (round_, rating.latent) for rating in again
    ]
    assert {rating.latent for rating in again} == {rating.latent for rating in given}
    assert not any(rating.round == round_ for rating in rate_all(world, "ben"))


def test_what_is_asked_for_already_or_cannot_be_asked_is_left_out(world: World) -> None:
    given = rate_all(world, "ada")
    rate_all(world, "ben")
    with pytest.raises(Refused, match="given under the rubric version in force"):
        ask_again(study=world.study, ratings=given, by=world.rosa, now=NOW)
    newer_rubric(world)
    world.study.sample.filter(pk=given[0].latent_id).update(state=LatentState.UNUSABLE)
    round_ = ask_again(study=world.study, ratings=given[:3], by=world.rosa, now=NOW)
    assert round_.slots.count() == 2
    assert ask_again(study=world.study, ratings=given, by=world.rosa, now=NOW) == round_
    assert round_.slots.count() == 5
    with pytest.raises(Refused, match="asked for already"):
        ask_again(study=world.study, ratings=given, by=world.rosa, now=NOW)
    Membership.objects.filter(user=world.ben).update(withdrawn_at=NOW)
    with pytest.raises(Refused, match="have left"):
        ask_again(study=world.study, ratings=Rating.objects.filter(rater=world.ben), by=world.rosa, now=NOW)
    with pytest.raises(Refused, match="role of researcher"):
        ask_again(study=world.study, ratings=given, by=world.ada, now=NOW)


def test_a_retest_that_was_leased_and_left_lying_comes_back_to_her_only(always: World) -> None:
    rate_all(always, "ada")
    held = claim(study=always.study, by=always.ada, now=DUE)
    assert held is not None
    eve = add_rater(always, "eve", always.north)
    much_later = DUE + timedelta(hours=3)
    assert not any(rating.round == twin(always) for rating in _all_of(always, eve, much_later))
    found = Slot.objects.get(pk=held.pk)
    assert found.reserved_for == always.ada
    assert claim(study=always.study, by=always.ada, now=much_later) == held


def _all_of(world: World, user, now) -> list[Rating]:  # type: ignore[no-untyped-def]
    given = []
    while rating := rate_next(world.study, user, now=now):
        given.append(rating)
    return given


def test_a_second_independent_round_after_the_first_has_retests_of_its_own(always: World) -> None:
    rate_all(always, "ada")
    close_round(round_=first(always), by=always.rosa, now=NOW)
    for name, institution in (("eve", always.north), ("eli", always.south)):
        add_rater(always, name, institution)
    open_round(study=always.study, by=always.rosa, now=NOW)
    assert [round_.kind for round_ in always.study.rounds.order_by("number", "pk")] == [
        RoundKind.INDEPENDENT,
        RoundKind.RETEST,
        RoundKind.INDEPENDENT,
        RoundKind.RETEST,
    ]
    member = Membership.objects.get(study=always.study, user=always.ada, role=Role.ANNOTATOR)
    assert reaches(always.study, [member], now=DUE)[member.pk].left == 0


def test_an_adjudicator_meets_a_retest_as_nobodys_second_opinion(always: World) -> None:
    """Two answers of one person beside each other would look like those of two."""
    given = rate_all(always, "ada")
    rate_all(always, "ada", now=DUE)
    latent = given[0].latent
    assert Rating.objects.filter(latent=latent).count() == 2
    assert len(opinions_on(latent.pk, order="any")) == 1


def test_a_latent_that_she_gave_back_is_not_asked_for_again(world: World) -> None:
    """It would never be handed to her, and wait for ever."""
    given = rate_all(world, "ada")
    newer_rubric(world)
    Decline.objects.create(latent=given[0].latent, rater=world.ada, round=given[0].round, declined_at=NOW)
    assert ask_again(study=world.study, ratings=given[:2], by=world.rosa, now=NOW).slots.count() == 1
