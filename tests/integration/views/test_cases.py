"""The adjudicator's queue and case: what she reads, what stays hidden, and what she decides."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotation.actions.cases import open_case
from annotation.actions.people import add_member
from annotation.actions.rounds import close_round
from annotation.enums import CaseState, LatentState, Role
from annotation.models import Case, Decision, Rating, SampledLatent, Signature, User
from tests.case_world import PASSWORD, with_password
from tests.html import without_tokens
from tests.world import NOW, World, add_rater, person, pseudonym, rate_next

SignIn = Callable[[User], Client]
CONCEPTS = ("chest pain", "unstable angina", "Myocardial <infarction>")


@pytest.fixture
def contested(world: World) -> Case:
    """A persistently ambiguous latent that three raters of two hospitals named differently; its round is over."""
    eva = add_rater(world, "eva", world.south)
    for user, concept in zip((world.ada, world.ben, eva), CONCEPTS, strict=True):
        while rate_next(world.study, user, concept=concept, rationale=f"It is {concept}, all of it."):
            pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    with_password(world.cora)
    latent = max(world.study.sample.all(), key=lambda one: one.ratings.count())
    return persistent(latent)


def persistent(latent: SampledLatent) -> Case:
    latent.state = LatentState.PERSISTENT
    latent.save()
    return open_case(latent=latent, why="No concept reaches a posterior of 0.90.", now=NOW)


def queue(world: World) -> str:
    return reverse("cases", args=[world.study.slug])


def page(case: Case) -> str:
    return reverse("case", args=[case.study.slug, case.pk])


def shown(response: Any) -> str:
    return str(response.content.decode())


def decision(**changes: Any) -> dict[str, Any]:
    """The form of a decision as it goes to be signed."""
    return {
        "step": "sign",
        "password": PASSWORD,
        "outcome": "concept",
        "concept": "acute coronary syndrome",
        "cause": "granularity",
        "rationale": "The snippets do not tell the two apart.",
    } | changes


def test_the_queue_shows_what_waits_and_why(world: World, contested: Case, signed_in: SignIn) -> None:
    html = shown(signed_in(world.cora).get(queue(world)))
    assert "No concept reaches a posterior of 0.90." in html
    assert page(contested) in html
    assert "Open the next case" in html


def test_an_empty_queue_says_when_a_case_opens(world: World, signed_in: SignIn) -> None:
    assert "No case is waiting" in shown(signed_in(world.cora).get(queue(world)))


def test_a_case_shows_every_opinion_with_its_rationale_and_the_snippets(
    world: World, contested: Case, signed_in: SignIn
) -> None:
    response = signed_in(world.cora).get(page(contested))
    html = shown(response)
    ratings = Rating.objects.filter(latent=contested.latent)
    assert len(response.context["sheet"].opinions) == ratings.count() >= 2
    for place in range(ratings.count()):
        assert f"Opinion {'ABC'[place]}" in html
    assert "It is chest pain, all of it." in html
    assert "Look-alikes that should not fire" in html
    assert "<infarction>" not in html


def test_nothing_on_a_case_tells_who_said_what_or_when(world: World, contested: Case, signed_in: SignIn) -> None:
    html = shown(signed_in(world.cora).get(page(contested)))
    raters = [rating.rater for rating in contested.latent.ratings.select_related("rater")]
    for rater in raters:
        for secret in (rater.name, rater.email, pseudonym(world.study, rater)):
            assert secret not in without_tokens(html)
    for secret in ("North Hospital", "South Hospital", "north", "south", "40.0"):
        assert secret not in without_tokens(html)


def test_the_order_of_opinions_is_fixed_for_a_reader_and_another_one_for_other_readers_and_cases(
    world: World, contested: Case, signed_in: SignIn
) -> None:
    readers = [world.cora]
    for number in range(12):
        reader = person(f"senior{number}")
        add_member(study=world.study, user=reader, role=Role.ADJUDICATOR, institution=None, by=None, now=NOW)
        readers.append(reader)
    orders = []
    for reader in readers:
        client = signed_in(reader)
        first, second = (
            tuple(one.opinion.concept for one in client.get(page(contested)).context["sheet"].opinions)
            for _ in range(2)
        )
        assert first == second
        orders.append(first)
    assert len(set(orders)) > 1


def test_a_decision_is_read_in_words_before_it_is_signed(world: World, contested: Case, signed_in: SignIn) -> None:
    cora = signed_in(world.cora)
    html = shown(cora.post(page(contested), decision(step="review", rubric_needs_clause="yes", clause="Say “ACS”.")))
    assert f"By signing I, Cora, decide case {contested.pk} of the study “Hearts”" in html
    assert "one concept, “acute coronary syndrome”" in html
    assert "I ask that the rubric gain a clause: “Say “ACS”.”." in html
    assert "can only be superseded by a new signed decision" in html
    assert 'type="password"' in html
    assert not Decision.objects.exists()
    back = shown(cora.post(page(contested), decision(step="edit")))
    assert "The snippets do not tell the two apart." in back
    assert "What do you decide?" in back


def test_a_wrong_password_signs_nothing_and_loses_nothing(world: World, contested: Case, signed_in: SignIn) -> None:
    cora = signed_in(world.cora)
    for password, sentence in (("", "Enter your password"), ("not mine", "This is not your password.")):
        response = cora.post(page(contested), decision(password=password))
        assert response.status_code == 422
        assert sentence in shown(response)
        assert "The snippets do not tell the two apart." in shown(response)
    assert not Decision.objects.exists()
    assert not Signature.objects.exists()
    assert "The snippets do not tell the two apart." in shown(cora.get(page(contested)))  # Kept as a draft.


def test_after_ten_wrong_passwords_the_right_one_waits(world: World, contested: Case, signed_in: SignIn) -> None:
    cache.clear()
    cora = signed_in(world.cora)
    for _ in range(10):
        cora.post(page(contested), decision(password="not mine"))
    assert "Wait a quarter of an hour" in shown(cora.post(page(contested), decision()))
    assert not Decision.objects.exists()
    cache.clear()
    assert cora.post(page(contested), decision()).status_code == 303


def test_who_has_no_password_chooses_one_first_and_comes_back_to_her_draft(
    world: World, contested: Case, signed_in: SignIn
) -> None:
    world.cora.set_unusable_password()
    world.cora.save()
    cora = signed_in(world.cora)
    html = shown(cora.post(page(contested), decision(step="review")))
    assert "You have no password yet" in html
    assert 'type="password"' not in html
    account = f"{reverse('account')}?next={page(contested)}"
    assert account in html
    assert "have none yet" in shown(cora.post(page(contested), decision()))
    chosen = cora.post(account, {"new": PASSWORD, "again": PASSWORD})
    assert chosen["Location"] == page(contested)
    assert "The snippets do not tell the two apart." in shown(cora.get(page(contested)))
    assert cora.post(page(contested), decision()).status_code == 303


def test_deciding_for_a_concept_leaves_the_ratings_alone_and_goes_back_to_the_queue(
    world: World, contested: Case, signed_in: SignIn
) -> None:
    before = list(Rating.objects.order_by("pk").values())
    cora = signed_in(world.cora)
    response = cora.post(page(contested), decision(rubric_needs_clause="yes", clause="Name the syndrome."))
    assert (response.status_code, response["Location"]) == (303, queue(world))
    made = Decision.objects.select_related("concept").get()
    assert made.concept is not None
    assert (made.concept.name, made.cause, made.rubric_needs_clause) == ("acute coronary syndrome", "granularity", True)
    contested.latent.refresh_from_db()
    assert contested.latent.state == LatentState.DECIDED
    assert list(Rating.objects.order_by("pk").values()) == before
    html = shown(cora.get(queue(world)))
    assert f"Case {contested.pk} is decided and signed." in html
    assert (
        "acute coronary syndrome" not in html
    )  # What she decided is not spread out before her who may be asked again.
    decided = shown(cora.get(page(contested)))
    assert "acute coronary syndrome" in decided
    assert "The snippets do not tell the two apart." in decided
    assert "What is stored is what was signed." in decided
    assert "acute coronary syndrome" in shown(signed_in(world.rosa).get(queue(world)))


@pytest.mark.parametrize("outcome", ["irreducible", "split", "unusable"])
def test_a_case_may_be_decided_without_a_concept(
    world: World, contested: Case, signed_in: SignIn, outcome: str
) -> None:
    assert signed_in(world.cora).post(page(contested), decision(outcome=outcome, concept="")).status_code == 303
    assert (Decision.objects.get().outcome, Decision.objects.get().concept) == (outcome, None)


def test_after_a_decision_the_next_case_is_first(world: World, contested: Case, signed_in: SignIn) -> None:
    other = persistent(world.study.sample.exclude(pk=contested.latent_id).exclude(ratings=None)[0])
    cora = signed_in(world.cora)
    assert cora.get(queue(world)).context["next"].pk == contested.pk
    assert cora.post(page(contested), decision(), follow=True).context["next"].pk == other.pk


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"outcome": ""}, "Choose what you decide"),
        ({"concept": " "}, "Name the concept that you decide for."),
        ({"concept": "x" * 161}, "longer than 160 characters"),
        ({"cause": "weather"}, "choose a cause"),
        ({"rationale": "\x00 "}, "the rationale is missing"),
        ({"rubric_needs_clause": "yes"}, "Write the sentence that the rubric should gain"),
        ({"rubric_needs_clause": "yes", "clause": "x" * 1001}, "The clause is longer than 1000 characters"),
    ],
)
def test_what_is_missing_is_told_and_what_was_written_stays(
    world: World, contested: Case, signed_in: SignIn, changes: dict[str, str], sentence: str
) -> None:
    sent = decision(step="review", rationale="Keep <me>.") | changes
    response = signed_in(world.cora).post(page(contested), sent)
    assert response.status_code == 422
    assert sentence in shown(response)
    assert ("rationale" in changes) or "Keep &lt;me&gt;." in shown(response)
    assert not Decision.objects.exists()


def test_who_rated_the_latent_sees_neither_the_case_nor_why(world: World, contested: Case, signed_in: SignIn) -> None:
    rater = contested.latent.ratings.select_related("rater").earliest("pk").rater
    add_member(study=world.study, user=rater, role=Role.ADJUDICATOR, institution=None, by=None, now=NOW)
    client = signed_in(rater)
    html = shown(client.get(queue(world)))
    assert "another adjudicator decides" in html
    assert "No concept reaches" not in html
    assert page(contested) not in html
    for response in (client.get(page(contested)), client.post(page(contested), decision())):
        assert response.status_code == 403
        assert "You rated this latent yourself" in shown(response)
    assert not Decision.objects.exists()


def test_who_may_still_rate_in_the_study_does_not_read_its_cases(world: World, signed_in: SignIn) -> None:
    for user in (world.ada, world.ben):
        rate_next(world.study, user)
    rated_by_ben = world.study.sample.filter(ratings__rater=world.ben).first()
    assert rated_by_ben is not None
    case = persistent(rated_by_ben)
    add_member(study=world.study, user=world.ada, role=Role.ADJUDICATOR, institution=None, by=None, now=NOW)
    ada = signed_in(world.ada)
    assert "opens to you when the round is over" in shown(ada.get(queue(world)))
    assert ada.get(page(case)).status_code == 403


def test_a_researcher_reads_and_cannot_decide(world: World, contested: Case, signed_in: SignIn) -> None:
    rosa = signed_in(world.rosa)
    assert "Open the next case" not in shown(rosa.get(queue(world)))
    html = shown(rosa.get(page(contested)))
    assert "It is chest pain, all of it." in html
    assert "<textarea" not in html
    rosa.post(page(contested), decision())
    assert not Decision.objects.exists()


def test_a_case_decided_meanwhile_is_told_on_the_queue(world: World, contested: Case, signed_in: SignIn) -> None:
    cora = signed_in(world.cora)
    cora.post(page(contested), decision())
    html = shown(cora.post(page(contested), decision(concept="something else"), follow=True))
    assert "This case has been decided already." in html
    assert Decision.objects.count() == 1


@pytest.mark.parametrize(("name", "status"), [("ada", 403), ("nora", 403), ("sven", 404)])
def test_others_find_no_cases(world: World, contested: Case, signed_in: SignIn, name: str, status: int) -> None:
    client = signed_in(getattr(world, name))
    assert [client.get(url).status_code for url in (queue(world), page(contested))] == [status, status]


def test_a_case_is_only_found_in_its_own_study(world: World, contested: Case, signed_in: SignIn) -> None:
    missing = reverse("case", args=[world.study.slug, contested.pk + 1000])
    assert signed_in(world.cora).get(missing).status_code == 404


def test_pages_take_the_same_number_of_statements_for_few_and_for_many(
    world: World, contested: Case, signed_in: SignIn, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    cora = signed_in(world.cora)
    cora.get(queue(world))
    thin = persistent(world.study.sample.filter(ratings__rater=world.ada).exclude(pk=contested.latent_id)[0])
    Case.objects.filter(pk=thin.pk).update(state=CaseState.OPEN)
    with django_assert_max_num_queries(30) as many:
        assert len(cora.get(page(contested)).context["sheet"].opinions) > 1
    with django_assert_num_queries(len(many)):
        cora.get(page(thin))
    with django_assert_max_num_queries(10) as two:
        cora.get(queue(world))
    for latent in world.study.sample.filter(cases=None):
        persistent(latent)
    with django_assert_num_queries(len(two)):
        assert cora.get(queue(world)).context["waiting_count"] == 6
