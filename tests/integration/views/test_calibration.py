"""The pages of calibration, as each person meets them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.people import add_member
from annotation.enums import Role, RoundKind, RoundState
from annotation.models import Membership, Rating, Reference, Round, SampledLatent, User
from tests import calibration_world as worlds
from tests import reading_world
from tests.calibration_world import DIFFERS, SIZE, answer, answer_set, draw, membership, of_set, refer
from tests.html import without_tokens
from tests.world import NOW, World, add_rater, complete_form

SignIn = Callable[[User], Client]


@pytest.fixture
def before(db: None) -> World:
    return worlds.build()


@pytest.fixture
def drawn(before: World) -> World:
    draw(before)
    return before


@pytest.fixture
def asked(db: None) -> World:
    return worlds.calibrated()


def shown(response: Any) -> str:
    return str(response.content.decode())


def page(world: World, name: str, *parts: object) -> str:
    return reverse(name, args=[world.study.slug, *parts])


def test_the_study_page_says_what_calibration_needs_next(before: World, signed_in: SignIn) -> None:
    rosa = signed_in(before.rosa)
    assert "raters begin with the first round" in shown(rosa.get(page(before, "study")))
    draw(before)
    assert "references for 0 of the 3 latents of set 1" in shown(rosa.get(page(before, "study")))


def test_the_researcher_draws_and_opens_a_set_on_the_calibration_page(before: World, signed_in: SignIn) -> None:
    rosa = signed_in(before.rosa)
    assert "Draw two sets" in shown(rosa.get(page(before, "calibration")))
    drawn = rosa.post(page(before, "draw_calibration"), {"latents": "3"}, follow=True)
    assert "6 latents were drawn" in shown(drawn)
    assert "Set references" in shown(drawn)
    early = rosa.post(page(before, "open_calibration", 1), follow=True)
    assert "0 of the 3 latents of calibration set 1" in shown(early)
    refer(before, 1)
    assert "Open set 1" in shown(rosa.get(page(before, "calibration")))
    opened = rosa.post(page(before, "open_calibration", 1), follow=True)
    assert "Calibration set 1 is open" in shown(opened)
    assert Round.objects.get(kind=RoundKind.CALIBRATION).calibration_set == 1


@pytest.mark.parametrize("latents", ["", "two", "2", "999", "-3", "3.5"])
def test_a_number_of_latents_that_is_none_is_a_sentence(before: World, signed_in: SignIn, latents: str) -> None:
    response = signed_in(before.rosa).post(page(before, "draw_calibration"), {"latents": latents}, follow=True)
    assert "3 to 50 latents" in shown(response)
    assert not SampledLatent.everything.exclude(calibration_set=None).exists()


def filled(**changes: str) -> dict[str, str]:
    return {
        "concept-1": "Chest pain",
        "share-concept-1": "70",
        "concept-2": "angina",
        "share-concept-2": "30 %",
        "why-concept": "All <of> it hurts.",
        "clause-concept": "One concept, as narrow as the snippets allow.",
        "share-category-finding": "100",
        "share-coherence-4": "33,3",
        "share-coherence-5": "66.7",
        "share-flags-artefact-yes": "10",
    } | changes


def test_the_panel_sets_a_reference_and_is_led_to_the_next(drawn: World, signed_in: SignIn) -> None:
    cora = signed_in(drawn.cora)
    first, second, *_ = of_set(drawn.study, 1)
    assert page(drawn, "reference", first.pk) in shown(cora.get(page(drawn, "references")))
    html = shown(cora.get(page(drawn, "reference", first.pk)))
    assert html.count('<mark class="fire') >= 8
    assert "A mistake can be corrected, with the reason." in html
    response = cora.post(page(drawn, "reference", first.pk), filled())
    assert (response.status_code, response["Location"]) == (303, page(drawn, "reference", second.pk))
    stored = {row.item: row.distribution for row in Reference.objects.filter(latent=first)}
    assert stored["concept"] == {"Chest pain": pytest.approx(0.7), "angina": pytest.approx(0.3)}
    assert stored["category"] == {"finding": 1.0}
    assert stored["flags-artefact"] == {"yes": pytest.approx(0.1), "no": pytest.approx(0.9)}
    assert stored["flags-safety-relevant"] == {"no": 1.0}
    assert "specificity" not in stored
    html = shown(cora.get(page(drawn, "reference", first.pk)))
    assert "All &lt;of&gt; it hurts." in html
    assert "Set this reference" not in html


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"share-concept-1": "60"}, "add to 90 per cent"),
        ({"share-concept-1": "many"}, "no number from 0 to 100"),
        ({"concept-2": ""}, "beside no concept"),
        ({"why-concept": " "}, "Say why"),
        ({"share-category-finding": "50"}, "add to 50 per cent"),
        ({"share-flags-artefact-yes": "120"}, "no number from 0 to 100"),
        ({"share-coherence-4": "nan"}, "no number from 0 to 100"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_written_stays(
    drawn: World, signed_in: SignIn, changes: dict[str, str], sentence: str
) -> None:
    latent = of_set(drawn.study, 1)[0]
    response = signed_in(drawn.cora).post(page(drawn, "reference", latent.pk), filled(**changes))
    assert response.status_code == 422
    assert sentence in shown(response)
    assert 'value="Chest pain"' in shown(response)
    assert not Reference.objects.exists()


def test_the_panel_sees_each_other_s_reference_only_once_hers_is_in(drawn: World, signed_in: SignIn) -> None:
    refer(drawn, 1)
    rosa, latent = signed_in(drawn.rosa), of_set(drawn.study, 1)[0]
    assert "All point to the chest." not in shown(rosa.get(page(drawn, "reference", latent.pk)))
    rosa.post(page(drawn, "reference", latent.pk), filled())
    html = shown(rosa.get(page(drawn, "reference", latent.pk)))
    assert "All point to the chest." in html
    assert "75 %" in html, "the mean of 80 and 70"
    assert "Cora" not in html


def test_who_also_rates_does_not_read_the_references_of_an_open_set(asked: World, signed_in: SignIn) -> None:
    latent = of_set(asked.study, 1)[0]
    assert "All point to the chest." in shown(signed_in(asked.rosa).get(page(asked, "reference", latent.pk)))
    for role in (Role.RESEARCHER, Role.ADJUDICATOR):
        add_member(study=asked.study, user=asked.ada, role=role, institution=None, by=None, now=NOW)
    html = shown(signed_in(asked.ada).get(page(asked, "reference", latent.pk)))
    assert "All point to the chest." not in html
    assert "stays hidden from you until you have answered" in html


def test_a_latent_of_the_sample_or_of_nowhere_has_no_reference_page(drawn: World, signed_in: SignIn) -> None:
    of_sample = drawn.study.sample.first()
    assert of_sample is not None
    for latent in (of_sample.pk, 10**9):
        assert signed_in(drawn.cora).get(page(drawn, "reference", latent)).status_code == 404


@pytest.mark.parametrize(
    ("name", "references", "calibration"),
    [("ada", 403, 403), ("cora", 200, 403), ("rosa", 200, 200), ("nora", 403, 200), ("sven", 404, 404)],
)
def test_who_may_enter_which_page(
    drawn: World, signed_in: SignIn, name: str, references: int, calibration: int
) -> None:
    client = signed_in(getattr(drawn, name))
    latent = of_set(drawn.study, 1)[0]
    assert client.get(page(drawn, "references")).status_code == references
    assert client.get(page(drawn, "reference", latent.pk)).status_code == references
    assert client.get(page(drawn, "calibration")).status_code == calibration


def rate(client: Client, world: World, answers: Any = None) -> Any:
    """The rater's next latent on the ordinary page, answered there."""
    form = client.get(page(world, "rate"))
    ticket = form.context["ticket"]
    return client.post(
        page(world, "rate"), complete_form(world.study, **(answers or worlds.AGREES)) | {"ticket": ticket}
    )


def test_a_rater_is_led_from_each_answer_to_the_panel_s_and_at_last_to_her_result(
    asked: World, signed_in: SignIn
) -> None:
    ada = signed_in(asked.ada)
    for number in range(1, SIZE + 1):
        response = rate(ada, asked)
        rating = Rating.objects.latest("pk")
        there = page(asked, "calibration_feedback", 1, rating.latent_id)
        assert (response.status_code, response["Location"]) == (303, there)
        html = shown(ada.get(there))
        assert f"{number} of {SIZE}" in html
        assert "All point to the chest." in html
        assert "As narrow." in html
        assert "Your answer" in html
    assert page(asked, "calibration_summary", 1) in html
    html = shown(ada.get(page(asked, "calibration_summary", 1)))
    assert "You are calibrated" in html
    assert "1.00" in html
    nearest = ada.get(page(asked, "rate"))
    assert nearest.context["sheet"].round.kind == RoundKind.INDEPENDENT


def test_before_she_has_answered_no_reference_is_hers_to_read(asked: World, signed_in: SignIn) -> None:
    ada, (first, *_) = signed_in(asked.ada), of_set(asked.study, 1)
    assert ada.get(page(asked, "calibration_feedback", 1, first.pk)).status_code == 404
    assert ada.get(page(asked, "calibration_summary", 1)).status_code == 404
    html = without_tokens(shown(ada.get(page(asked, "rate"))))
    assert "All point to the chest." not in html
    rating = answer(asked, asked.ada)
    assert rating is not None
    assert ada.get(page(asked, "calibration_feedback", 1, rating.latent_id)).status_code == 200
    for other in of_set(asked.study, 1):
        if other.pk != rating.latent_id:
            assert ada.get(page(asked, "calibration_feedback", 1, other.pk)).status_code == 404
    assert ada.get(page(asked, "calibration_feedback", 2, rating.latent_id)).status_code == 404
    assert signed_in(asked.ben).get(page(asked, "calibration_feedback", 1, rating.latent_id)).status_code == 404


def test_feedback_tells_nobody_s_name_and_no_colleague_s_answer(asked: World, signed_in: SignIn) -> None:
    answer_set(asked, asked.ben, {**DIFFERS, "rationale": "Ben's own words."})
    rating = answer(asked, asked.ada)
    assert rating is not None
    html = without_tokens(shown(signed_in(asked.ada).get(page(asked, "calibration_feedback", 1, rating.latent_id))))
    for secret in ("Cora", "Rosa", "Ben", "gout", f"latent {rating.latent.latent.index}"):
        assert secret not in html


def test_who_fails_is_led_to_the_second_set_and_then_to_her_coordinator(asked: World, signed_in: SignIn) -> None:
    ada = signed_in(asked.ada)
    answer_set(asked, asked.ada, DIFFERS)
    assert "Begin the second set" in shown(ada.get(page(asked, "calibration_summary", 1)))
    assert ada.get(page(asked, "rate")).context["sheet"].round.calibration_set == 2
    for _ in range(SIZE):
        rate(ada, asked, DIFFERS)
    assert "Please talk to your coordinator" in shown(ada.get(page(asked, "calibration_summary", 2)))
    assert "Please talk to your coordinator" in shown(ada.get(page(asked, "rate")))


def test_a_coordinator_lets_her_own_rater_through(asked: World, signed_in: SignIn) -> None:
    for _ in (1, 2):
        answer_set(asked, asked.ada, DIFFERS)
    nora = signed_in(asked.nora)
    html = shown(nora.get(page(asked, "calibration")))
    assert "Let Ada through" in html
    assert "Not passed" in html
    assert "Ben" not in html
    rater = membership(asked, asked.ada)
    empty = nora.post(page(asked, "let_rater_through", rater.pk), {"reason": ""}, follow=True)
    assert "Say why she may rate" in shown(empty)
    done = nora.post(page(asked, "let_rater_through", rater.pk), {"reason": "We went through it."}, follow=True)
    assert "Let through" in shown(done)
    assert Membership.objects.get(pk=rater.pk).calibrated_at is not None
    assert signed_in(asked.ada).get(page(asked, "rate")).context["sheet"].round.kind == RoundKind.INDEPENDENT


def test_a_coordinator_finds_no_rater_of_another_hospital(asked: World, signed_in: SignIn) -> None:
    for _ in (1, 2):
        answer_set(asked, asked.ben, DIFFERS)
    response = signed_in(asked.nora).post(
        page(asked, "let_rater_through", membership(asked, asked.ben).pk), {"reason": "x"}
    )
    assert response.status_code == 404
    assert signed_in(asked.rosa).post(page(asked, "let_rater_through", 10**9), {"reason": "x"}).status_code == 404


def test_a_researcher_sees_raters_by_pseudonym_only(asked: World, signed_in: SignIn) -> None:
    answer_set(asked, asked.ada)
    html = shown(signed_in(asked.rosa).get(page(asked, "calibration")))
    assert "Passed" in html
    assert "n = 12 answers, 3 latents" in html
    assert "Ada" not in html


def test_pages_take_the_same_number_of_statements_for_few_and_for_many(
    asked: World, signed_in: SignIn, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    rosa = signed_in(asked.rosa)
    answer_set(asked, asked.ada)
    rosa.get(page(asked, "calibration"))
    with django_assert_max_num_queries(22) as few:
        rosa.get(page(asked, "calibration"))
    for number in range(4):
        user = add_rater(asked, f"more-{number}", asked.north)
        answer_set(asked, user, DIFFERS)
    with django_assert_num_queries(len(few)):
        rosa.get(page(asked, "calibration"))


def test_open_sets_hide_results_only_from_who_may_yet_be_handed_them(asked: World, signed_in: SignIn) -> None:
    add_member(study=asked.study, user=asked.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    reading_world.settle(asked.study)
    Round.objects.filter(kind=RoundKind.CALIBRATION).update(state=RoundState.OPEN, closed_at=None)
    ada = signed_in(asked.ada)
    assert ada.get(page(asked, "agreement")).status_code == 403
    answer_set(asked, asked.ada)
    assert ada.get(page(asked, "agreement")).status_code == 200
