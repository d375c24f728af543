"""A new rubric version in force: who is asked again, and how answers to two versions count together."""

import pytest

from annotation.actions.adopting import adopt
from annotation.actions.asking_raters import extra_round
from annotation.actions.cases import open_case
from annotation.actions.results import compute_results
from annotation.actions.results.agreement import agreement_rows
from annotation.actions.results.questions import questions
from annotation.enums import AuditVerb, LatentState, RoundKind
from annotation.models import AuditEvent, Rating, Round, RubricItem, Slot, Study, User
from annotation.queries.asking_again import Ask, asking_again
from annotation.queries.rating_records import RatingRecord, answers_for, current_ratings
from annotation.queries.results import freshness
from annotation.rules.refusal import Refused
from tests.rubric_world import NONE, TOUCHED, added, adopted, changed, edited, options, published, removed
from tests.world import NOW, World, rate_next

TEXT = {"key": "note", "kind": "text", "question": "Anything else?", "required": False}


@pytest.fixture
def rated(world: World) -> World:
    """Ada has rated two latents, the second as "cannot tell", and Ben one of hers."""
    for user, changes in ((world.ada, {}), (world.ada, {"outcome": "cannot-tell"}), (world.ben, {})):
        assert rate_next(world.study, user, **changes)
    return world


def item_of(study: Study, key: str) -> RubricItem:
    return study.rubric.items.get(key=key)


def asked_again(study: Study) -> set[tuple[int, int | None]]:
    slots = Slot.objects.filter(round__study=study, round__kind=RoundKind.AGAIN)
    return set(slots.values_list("latent", "reserved_for"))


def answer_again(study: Study, user: User, **changes: object) -> Rating:
    """Her next place is the one that asks her again."""
    rating = rate_next(study, user, **changes)
    assert rating is not None
    assert rating.round.kind == RoundKind.AGAIN
    return rating


def records_of(world: World, user: User) -> list[RatingRecord]:
    mine = set(Rating.objects.filter(rater=user).values_list("pk", flat=True))
    return [record for record in current_ratings(world.study) if record.pk in mine]


def test_rounds_opened_from_then_on_ask_the_new_version_and_open_ones_keep_theirs(rated: World) -> None:
    before = rated.study.rubric
    version = adopted(rated.study, rated.rosa, lambda content: added(content, TEXT))
    assert rated.study.rubric == version
    assert set(Round.objects.filter(study=rated.study).values_list("rubric", flat=True)) == {before.pk}
    event = AuditEvent.objects.get(study=rated.study.pk, verb=AuditVerb.RUBRIC_ADOPTED)
    assert event.detail == {"before": before.pk, "asked_again": 0}


def test_asking_for_what_the_changes_touch_leaves_out_who_could_not_tell(rated: World) -> None:
    adopted(rated.study, rated.rosa, lambda content: changed(content, "coherence", help="Other words."), ask=TOUCHED)
    wanted = Rating.objects.filter(outcome="answered").values_list("latent", "rater")
    assert asked_again(rated.study) == set(wanted)


def test_another_question_for_the_concept_touches_everyone(rated: World) -> None:
    adopted(rated.study, rated.rosa, lambda content: changed(content, "concept", question="Name it."), ask=TOUCHED)
    assert asked_again(rated.study) == set(Rating.objects.values_list("latent", "rater"))


def test_what_touches_no_answer_asks_nobody(rated: World) -> None:
    version = published(rated.study, rated.rosa, lambda content: removed(content, "specificity"))
    assert asking_again(rated.study, version).touched.ratings == 0


def test_a_conditional_item_is_asked_again_only_of_whom_it_concerns(rated: World) -> None:
    low = rate_next(rated.study, rated.ben, coherence=2, second="dates")
    assert low is not None
    conditional = {**TEXT, "condition": {"item": "coherence", "values": [1, 2]}}
    adopted(rated.study, rated.rosa, lambda content: added(content, conditional), ask=TOUCHED)
    assert asked_again(rated.study) == {(low.latent_id, rated.ben.pk)}


def test_all_on_latents_in_chosen_states_may_be_asked_again(rated: World) -> None:
    accepted = rated.study.sample.get(pk=Rating.objects.filter(rater=rated.ada).earliest("pk").latent_id)
    accepted.state = LatentState.ACCEPTED
    accepted.save()
    ask = Ask(what="states", states=frozenset({LatentState.ACCEPTED}))
    adopted(rated.study, rated.rosa, lambda content: added(content, TEXT), ask=ask)
    assert {latent for latent, _ in asked_again(rated.study)} == {accepted.pk}


def test_the_cost_is_told_before_with_ratings_people_minutes_and_money(rated: World) -> None:
    Study.objects.filter(pk=rated.study.pk).update(hourly_rate="90.00")
    rated.study.refresh_from_db()
    version = published(rated.study, rated.rosa, lambda content: changed(content, "concept", question="Name it."))
    asking = asking_again(rated.study, version)
    told = asking.touched
    assert (told.ratings, told.raters, told.seconds, str(told.money)) == (3, 2, 120.0, "3.00")
    assert (asking.pace.seconds, asking.pace.ratings) == (40.0, 3)
    ((state, cost),) = asking.by_state
    assert (state, cost.ratings) == (LatentState.RATING, 3)


def test_a_decided_latent_and_a_rater_who_left_are_not_asked_again(rated: World) -> None:
    latent = Rating.objects.filter(rater=rated.ben).get().latent
    case = open_case(latent=latent, why="For the test.", now=NOW)
    case.latent.state = LatentState.IRREDUCIBLE
    case.latent.save()
    rated.study.memberships.filter(user=rated.ben).update(withdrawn_at=NOW)
    version = published(rated.study, rated.rosa, lambda content: changed(content, "concept", question="Name it."))
    asking = asking_again(rated.study, version)
    left = Rating.objects.filter(rater=rated.ada).exclude(latent=latent)
    assert asking.touched.ratings == left.count()


def test_her_answer_to_the_older_version_gives_way_to_the_newer_one(rated: World) -> None:
    adopted(rated.study, rated.rosa, lambda content: changed(content, "concept", question="Name it."), ask=TOUCHED)
    again = answer_again(rated.study, rated.ben, concept="troponin")
    (record,) = records_of(rated, rated.ben)
    assert (record.pk, record.reading, record.concept) == (again.pk, 1, "troponin")
    before = current_ratings(rated.study, version=rated.study.rubric.based_on)
    assert "chest pain" in {
        record.concept for record in before if record.rater == records_of(rated, rated.ben)[0].rater
    }
    assert again.pk in {record.pk for record in current_ratings(rated.study, version=rated.study.rubric)}


def test_raters_under_two_versions_agree_on_what_both_ask(rated: World) -> None:
    adopted(rated.study, rated.rosa, lambda content: added(content, TEXT))
    answers = answers_for(item_of(rated.study, "coherence"), current_ratings(rated.study))
    assert len([answer for answer in answers if answer.value == 4]) == 2


def test_an_option_that_is_gone_is_no_answer_any_more(rated: World) -> None:
    gone = Rating.objects.filter(outcome="answered").earliest("pk").answers["category"]
    adopted(
        rated.study,
        rated.rosa,
        lambda content: changed(
            content, "category", options=[each for each in options(content, "category") if each["value"] != gone]
        ),
    )
    answers = answers_for(item_of(rated.study, "category"), current_ratings(rated.study))
    assert {answer.value for answer in answers} == {None}
    assert compute_results(study_id=rated.study.pk, now=NOW) is not None


def test_points_of_another_scale_are_no_answers(rated: World) -> None:
    adopted(
        rated.study,
        rated.rosa,
        lambda content: changed(content, "coherence", options=options(content, "coherence")[:3]),
    )
    item, records = item_of(rated.study, "coherence"), current_ratings(rated.study)
    assert answers_for(item, records) == []
    alpha = next(agreement_rows(item, answers_for(item, records), seed=1))
    assert alpha.value is None
    assert alpha.undefined_reason


def test_a_new_flag_counts_only_of_those_who_were_offered_it(rated: World) -> None:
    new = {"value": "form", "label": "Form only", "help": ""}
    adopted(
        rated.study,
        rated.rosa,
        lambda content: changed(content, "flags", options=[*options(content, "flags"), new]),
    )
    item, records = item_of(rated.study, "flags"), current_ratings(rated.study)
    counted = {question.key: len(question.answers) for question in questions(item, records)}
    assert counted["flags-form"] == 0
    assert counted["flags-artefact"] == 3
    assert answers_for(item, records) == []


def test_an_item_that_a_rater_was_not_asked_is_missing_and_not_a_no(rated: World) -> None:
    new = {
        "key": "warnings", "kind": "flags", "question": "Any?", "required": False,
        "options": [{"value": "odd", "label": "Odd", "help": ""}],
    }  # fmt: skip
    adopted(rated.study, rated.rosa, lambda content: added(content, new))
    assert answers_for(item_of(rated.study, "warnings"), current_ratings(rated.study)) == []


def test_free_text_is_kept_and_never_counted(rated: World) -> None:
    adopted(rated.study, rated.rosa, lambda content: added(content, TEXT), ask=TOUCHED)
    assert answer_again(rated.study, rated.ben, note="Some read as dates.").answers["note"] == "Some read as dates."
    run = compute_results(study_id=rated.study.pk, now=NOW)
    assert run is not None
    assert not run.agreements.filter(item="note").exists()
    assert not run.consensuses.filter(item="note").exists()


def test_results_are_stale_until_they_are_computed_on_the_new_version(rated: World) -> None:
    compute_results(study_id=rated.study.pk, now=NOW)
    assert not freshness(rated.study).stale
    adopted(rated.study, rated.rosa, lambda content: removed(content, "specificity"))
    assert freshness(rated.study).other_rubric
    compute_results(study_id=rated.study.pk, now=NOW)
    assert not freshness(rated.study).stale


def test_more_raters_for_an_ambiguous_latent_are_asked_the_version_in_force(rated: World) -> None:
    before = extra_round(study=rated.study, turn=1, now=NOW)
    assert extra_round(study=rated.study, turn=1, now=NOW) == before
    version = adopted(rated.study, rated.rosa, lambda content: added(content, TEXT))
    after = extra_round(study=rated.study, turn=1, now=NOW)
    assert (after.rubric, after == before) == (version, False)


def test_a_draft_and_the_version_in_force_cannot_be_adopted(rated: World) -> None:
    draft = edited(rated.study, rated.rosa, lambda content: added(content, TEXT))
    with pytest.raises(Refused, match="draft"):
        adopt(study=rated.study, version=draft, ask=NONE, by=rated.rosa, now=NOW)
    with pytest.raises(Refused, match="in force already"):
        adopt(study=rated.study, version=rated.study.rubric, ask=NONE, by=rated.rosa, now=NOW)
